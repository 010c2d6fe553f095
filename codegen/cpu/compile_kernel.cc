#include "codegen/cpu/compile_kernel.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <xxhash.h>

#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "codegen/cpu/dot_kernel.h"
#include "codegen/cpu/jit.h"
#include "codegen/cpu/map_kernel.h"
#include "codegen/cpu/target.h"
#include "codegen/cpu/tile_kernel.h"
#include "codegen/cpu/units.h"
#include "ir/loops/text.h"
#include "support/options.h"

namespace sinter::codegen::cpu {
namespace {

using loops::Kernel;
using runtime::KernelCode;

// One context a module: modules are built on several threads.
struct Built {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
};

std::unique_ptr<Built> build(const Kernel& kernel, Isa isa) {
  auto built = std::make_unique<Built>();
  auto& context = built->context;
  built->module = std::make_unique<llvm::Module>("kernel", context);
  built->module->setTargetTriple(target_machine(isa).getTargetTriple());
  built->module->setDataLayout(target_machine(isa).createDataLayout());
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {llvm::PointerType::get(context, 0)}, false);
  auto* function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, kEntry, *built->module);
  set_target_attributes(*function, isa);
  if (const auto plan = plan_dot(kernel, isa))
    emit_dot_kernel(*function, kernel, *plan, isa);
  else if (turns_tiles(kernel))
    emit_tile_kernel(*function, kernel);
  else
    emit_map_kernel(*function, kernel);
#ifndef NDEBUG
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(*built->module, &stream)) throw InternalError("LLVM IR verifies: " + problem);
#endif
  return built;
}

// What the kernel's rows mean: code kept on disk is not that of a row that has changed since.
std::string definitions(const Kernel& kernel) {
  static std::mutex mutex;
  static auto& known = *new std::map<std::pair<const ir::Row*, DType>, std::string>;  // compiling may outlive globals
  std::set<std::pair<const ir::Row*, DType>> used;
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& inst : pass.insts) {
      if (inst.operands.empty()) continue;
      const DType dtype = kernel.inst(inst.operands.back()).dtype;
      if (inst.row != nullptr) used.emplace(inst.row, dtype);
      if (inst.combiner != nullptr) used.emplace(&ir::find_row(inst.combiner->row), dtype);
    }
  std::set<std::string> lines;  // in an order that every process has
  const std::lock_guard lock(mutex);
  for (const auto& key : used) {
    std::string& line = known[key];
    if (line.empty()) {
      const std::string code = to_string(ir::expression(*key.first, key.second));
      line = fmt::format("{} {} {:016x}\n", key.first->name, name(key.second), XXH3_64bits(code.data(), code.size()));
    }
    lines.insert(line);
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

std::string text_of(const Kernel& kernel) { return loops::code_text(kernel) + definitions(kernel); }

std::string key_of(const std::string& text, Isa isa) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("cpu-{}{}-llvm{}-{:016x}{:016x}", name(isa), options().ftz ? "" : "-denormals",
                     LLVM_VERSION_STRING, hash.high64, hash.low64);
}

std::shared_ptr<const KernelCode> finish(const Kernel& kernel, Isa isa, std::span<const char> object, bool from_cache) {
  LinkedCode linked = link_object(object, kernel.name);
  auto code = std::make_shared<KernelCode>();
  const auto dot = plan_dot(kernel, isa);
  const Units units = dot ? dot->units(kernel) : map_units(kernel);
  code->name = kernel.name;
  code->function = linked.function;
  code->keep_alive = std::move(linked.keep_alive);
  code->units = units.factors;
  code->scratch_bytes = dot ? dot->scratch_bytes() : 0;
  code->from_cache = from_cache;
  return code;
}

// From the store if a sound object lies there, else compiled.
std::shared_ptr<const KernelCode> compile_one(const Kernel& kernel, const std::string& text, Isa isa,
                                              ObjectStore* store, std::mutex& store_mutex) {
  const std::string key = key_of(text, isa);
  std::vector<char> object;
  bool found = false;
  if (store != nullptr) {
    const std::lock_guard lock(store_mutex);
    found = store->load(key, object);
  }
  if (found) {
    try {
      return finish(kernel, isa, object, /*from_cache=*/true);
    } catch (const RuntimeError&) {  // damaged: compiled again below
    }
  }
  object = emit_object(*build(kernel, isa)->module, isa);
  auto code = finish(kernel, isa, object, /*from_cache=*/false);
  if (store != nullptr) {
    const std::lock_guard lock(store_mutex);
    store->save(key, object);
  }
  return code;
}

}  // namespace

std::vector<std::shared_ptr<const KernelCode>> compile_kernels(std::span<const Kernel> kernels, Isa isa,
                                                               ObjectStore* store, int threads_wanted) {
  std::vector<std::string> texts;
  std::map<std::string_view, size_t> first;  // of each text
  texts.reserve(kernels.size());
  std::vector<size_t> distinct;
  for (const Kernel& kernel : kernels) {
    texts.push_back(text_of(kernel));
    if (first.try_emplace(texts.back(), texts.size() - 1).second) distinct.push_back(texts.size() - 1);
  }
  std::vector<std::shared_ptr<const KernelCode>> codes(kernels.size());
  std::mutex store_mutex, error_mutex;
  std::exception_ptr error;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < distinct.size(); i = next++) {
      try {
        codes[distinct[i]] = compile_one(kernels[distinct[i]], texts[distinct[i]], isa, store, store_mutex);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
      }
    }
  };
  const size_t helpers =
      std::min(distinct.size(), static_cast<size_t>(std::max(1, threads_wanted))) - (distinct.empty() ? 0 : 1);
  std::vector<std::thread> threads;
  try {
    for (size_t i = 0; i < helpers; ++i) threads.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads are granted: those there do the work
  }
  work();
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
  for (size_t i = 0; i < kernels.size(); ++i) {
    const auto& code = codes[first.at(texts[i])];
    if (codes[i]) continue;
    auto named = std::make_shared<KernelCode>(*code);
    named->name = kernels[i].name;
    named->from_cache = true;
    codes[i] = std::move(named);
  }
  return codes;
}

std::string print_llvm(const Kernel& kernel, Isa isa) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  build(kernel, isa)->module->print(stream, nullptr);
  return text;
}

std::string print_assembly(const Kernel& kernel, Isa isa) { return emit_assembly(*build(kernel, isa)->module, isa); }

std::vector<std::string> imported_symbols(const Kernel& kernel, Isa isa) {
  const std::vector<char> bytes = emit_object(*build(kernel, isa)->module, isa);
  const llvm::MemoryBufferRef buffer(llvm::StringRef(bytes.data(), bytes.size()), "kernel");
  auto object = llvm::object::ObjectFile::createELFObjectFile(buffer);
  if (!object) throw RuntimeError("an object of ours cannot be read: " + llvm::toString(object.takeError()));
  std::vector<std::string> names;
  for (const auto& symbol : (*object)->symbols()) {
    const uint32_t flags = llvm::cantFail(symbol.getFlags());
    const llvm::StringRef symbol_name = llvm::cantFail(symbol.getName());
    if ((flags & llvm::object::SymbolRef::SF_Undefined) != 0 && !symbol_name.empty())
      names.push_back(symbol_name.str());
  }
  return names;
}

}  // namespace sinter::codegen::cpu
