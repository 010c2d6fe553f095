#include "codegen/cpu/named_code.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/Debugging/ELFDebugObjectPlugin.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "codegen/cpu/jit.h"

namespace sinter::codegen::cpu {
namespace {

using llvm::jitlink::LinkGraph;

// "address size name" in hexadecimal, a line a function: the format of Linux perf.
class PerfMap : public llvm::orc::ObjectLinkingLayer::Plugin {
 public:
  PerfMap()
      : path_(fmt::format("/tmp/perf-{}.map", getpid())),
        file_(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600)) {
    if (file_ < 0) fmt::print(stderr, "sinter: cannot write {}: {}\n", path_, std::strerror(errno));
  }
  ~PerfMap() override {
    if (file_ >= 0) close(file_);
  }
  PerfMap(const PerfMap&) = delete;
  PerfMap& operator=(const PerfMap&) = delete;

  void modifyPassConfig(llvm::orc::MaterializationResponsibility&, LinkGraph&,
                        llvm::jitlink::PassConfiguration& passes) override {
    // Functions that only others of their object call would lose their names.
    passes.PrePrunePasses.emplace_back([](LinkGraph& graph) {
      for (auto* symbol : graph.defined_symbols())
        if (symbol->isCallable()) symbol->setLive(true);
      return llvm::Error::success();
    });
    passes.PostFixupPasses.emplace_back([this](LinkGraph& graph) {
      add(graph);
      return llvm::Error::success();
    });
  }
  llvm::Error notifyFailed(llvm::orc::MaterializationResponsibility&) override { return llvm::Error::success(); }
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey, llvm::orc::ResourceKey) override {}

 private:
  void add(const LinkGraph& graph) const {
    std::string lines;
    for (const auto* symbol : const_cast<LinkGraph&>(graph).defined_symbols()) {
      if (!symbol->hasName() || !symbol->isCallable()) continue;
      const llvm::StringRef function = *symbol->getName();
      lines +=
          fmt::format("{:x} {:x} sinter::{}{}{}\n", symbol->getAddress().getValue(), symbol->getSize(), graph.getName(),
                      function == kEntry ? "" : ".", function == kEntry ? "" : std::string_view(function));
    }
    // One write: lines of several threads do not mix. What a full disk swallows is missing in a profile, no more.
    if (file_ >= 0 && write(file_, lines.data(), lines.size()) < 0)
      fmt::print(stderr, "sinter: cannot write {}: {}\n", path_, std::strerror(errno));
  }

  std::string path_;
  int file_;
};

}  // namespace

void name_code(llvm::orc::ExecutionSession& session, llvm::orc::ObjectLinkingLayer& layer) {
  layer.addPlugin(std::make_shared<PerfMap>());
  llvm::Error problem = llvm::Error::success();
  auto debugger = std::make_shared<llvm::orc::ELFDebugObjectPlugin>(session, /*RequireDebugSections=*/false,
                                                                    /*AutoRegisterCode=*/true, problem);
  if (problem)
    fmt::print(stderr, "sinter: gdb will not see compiled code: {}\n", llvm::toString(std::move(problem)));
  else
    layer.addPlugin(std::move(debugger));
}

}  // namespace sinter::codegen::cpu
