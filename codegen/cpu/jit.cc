#include "codegen/cpu/jit.h"

#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h>
#include <llvm/Support/MemoryBuffer.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "codegen/cpu/named_code.h"
#include "support/error.h"
#include "support/options.h"

namespace sinter::codegen::cpu {
namespace {

template <class T>
T value_or_throw(llvm::Expected<T> value, const char* what) {
  if (!value) throw RuntimeError(std::string(what) + ": " + llvm::toString(value.takeError()));
  return std::move(*value);
}
void throw_if(llvm::Error problem, const char* what) {
  if (problem) throw RuntimeError(std::string(what) + ": " + llvm::toString(std::move(problem)));
}

// One session for the process. Each object lives in a dylib of its own, which sees nothing but the allowed imports.
class Linker {
 public:
  Linker()
      : session_(value_or_throw(llvm::orc::SelfExecutorProcessControl::Create(), "LLVM cannot link in this process")),
        layer_(session_),
        imports_(session_.createBareJITDylib("imports")) {
    session_.setErrorReporter(
        [](llvm::Error problem) { llvm::consumeError(std::move(problem)); });  // reported by lookup too
    llvm::orc::SymbolMap symbols;
    const auto add = [&](const char* name, auto* function) {
      symbols[session_.intern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported};
    };
    add("memcpy", static_cast<void* (*)(void*, const void*, size_t)>(&std::memcpy));
    add("memset", static_cast<void* (*)(void*, int, size_t)>(&std::memset));
    throw_if(imports_.define(llvm::orc::absoluteSymbols(std::move(symbols))), "LLVM cannot define imports");
  }
  ~Linker() { llvm::consumeError(session_.endSession()); }
  Linker(const Linker&) = delete;
  Linker& operator=(const Linker&) = delete;

  LinkedCode link(std::span<const char> object, const std::string& name) {
    if (options().perf) std::call_once(named_, [&] { name_code(session_, layer_); });
    auto& dylib = session_.createBareJITDylib("kernel" + std::to_string(count_++));
    dylib.addToLinkOrder(imports_);
    const auto keep = std::shared_ptr<const void>(&dylib, [this](const void* code) {
      auto* dead = const_cast<llvm::orc::JITDylib*>(static_cast<const llvm::orc::JITDylib*>(code));
      llvm::consumeError(session_.removeJITDylib(*dead));
    });
    auto copy = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), name);
    throw_if(layer_.add(dylib, std::move(copy)), "a kernel's object does not load");
    const auto entry = value_or_throw(session_.lookup({&dylib}, kEntry), "a kernel's object does not link");
    return {entry.getAddress().toPtr<runtime::KernelFunction>(), keep};
  }

 private:
  llvm::orc::ExecutionSession session_;
  llvm::orc::ObjectLinkingLayer layer_;
  llvm::orc::JITDylib& imports_;
  std::atomic<uint64_t> count_ = 0;
  std::once_flag named_;
};

// Never destroyed: code may be kept alive by static objects of users.
Linker& linker() {
  static Linker& only = *new Linker;
  return only;
}

}  // namespace

LinkedCode link_object(std::span<const char> object, const std::string& name) { return linker().link(object, name); }

}  // namespace sinter::codegen::cpu
