#include "codegen/cpu/target.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "support/error.h"
#include "support/options.h"

namespace sinter::codegen::cpu {
namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";

struct IsaFacts {
  const char* name;
  const char* cpu;  // for scheduling; its features are spelled out, not taken from it
  const char* features;
  const char* vector_bits;
};

const IsaFacts& facts(Isa isa) {
  static constexpr IsaFacts kAvx2{"avx2", "x86-64-v3", "+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt,+movbe,+f16c", "256"};
  static constexpr IsaFacts kAvx512{
      "avx512", "x86-64-v4",
      "+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt,+movbe,+f16c,+avx512f,+avx512bw,+avx512dq,+avx512vl,"
      "+avx512cd,-prefer-256-bit",
      "512"};
  return isa == Isa::kAvx512 ? kAvx512 : kAvx2;
}

// A quarter of the time of compiling a training step, for loops whose addresses already are base, index and offset: of
// sixteen workloads none gained by it. Only a switch of the process reaches the pass.
void without_loop_strength_reduction() {
  auto& switches = llvm::cl::getRegisteredOptions();
  const auto found = switches.find("disable-lsr");
  invariant(found != switches.end(), "LLVM 22 has a switch disable-lsr");
  static_cast<llvm::cl::opt<bool>*>(found->second)->setValue(true);
}

const llvm::Target& x86() {
  static const llvm::Target* target = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    std::string problem;
    const llvm::Target* found = llvm::TargetRegistry::lookupTarget(llvm::Triple(kTriple), problem);
    if (found == nullptr) throw RuntimeError("LLVM has no x86-64 target: " + problem);
    without_loop_strength_reduction();
    return found;
  }();
  return *target;
}

void emit(llvm::Module& module, Isa isa, llvm::CodeGenFileType type, llvm::SmallVectorImpl<char>& out) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager passes;
  if (target_machine(isa).addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true))
    throw RuntimeError("LLVM cannot emit code for x86-64");
  passes.run(module);
}

}  // namespace

std::string_view name(Isa isa) { return facts(isa).name; }

Isa native_isa() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma"))
    return Isa::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return Isa::kAvx2;
  throw RuntimeError("this processor has no AVX2 and FMA", "use a machine of the last ten years (x86-64-v3)");
}

llvm::TargetMachine& target_machine(Isa isa) {
  // A thread's own; null when its variables are gone, and destructors of globals still compile.
  thread_local llvm::TargetMachine* machines[2] = {};
  struct Owner {
    ~Owner() {
      for (auto& machine : machines) delete std::exchange(machine, nullptr);
    }
  };
  thread_local Owner owner;
  llvm::TargetMachine*& machine = machines[isa == Isa::kAvx512 ? 1 : 0];
  if (machine != nullptr) return *machine;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  machine = x86().createTargetMachine(llvm::Triple(kTriple), facts(isa).cpu, facts(isa).features, options,
                                      llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default,
                                      /*JIT=*/true);
  if (machine == nullptr) throw RuntimeError("LLVM refuses a target machine for x86-64");
  return *machine;
}

void set_target_attributes(llvm::Function& function, Isa isa) {
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.addFnAttr("target-cpu", facts(isa).cpu);
  function.addFnAttr("target-features", facts(isa).features);
  function.addFnAttr("prefer-vector-width", facts(isa).vector_bits);
  function.addFnAttr("min-legal-vector-width", facts(isa).vector_bits);
  function.addFnAttr("denormal-fp-math", options().ftz ? "preserve-sign,preserve-sign" : "ieee,ieee");  // as MXCSR is
}

Isa isa_of(const llvm::Function& function) {
  const llvm::StringRef cpu = function.getFnAttribute("target-cpu").getValueAsString();
  return cpu == facts(Isa::kAvx512).cpu ? Isa::kAvx512 : Isa::kAvx2;
}

std::vector<char> emit_object(llvm::Module& module, Isa isa) {
  // Tables that LLVM made at its first use are gone in the destructors of globals that are older than them.
  static std::atomic<bool> ended = false;
  if (ended)
    throw RuntimeError("a kernel cannot be compiled while the process ends",
                       "compute before main returns; kernels that were used before it did still work");
  llvm::SmallVector<char, 0> bytes;
  emit(module, isa, llvm::CodeGenFileType::ObjectFile, bytes);
  [[maybe_unused]] static const int registered = std::atexit([] { ended = true; });  // runs before those tables go
  return {bytes.begin(), bytes.end()};
}

std::string emit_assembly(llvm::Module& module, Isa isa) {
  llvm::SmallVector<char, 0> bytes;
  emit(module, isa, llvm::CodeGenFileType::AssemblyFile, bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace sinter::codegen::cpu
