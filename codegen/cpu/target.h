// What LLVM is told about the machine: it depends on the instruction set alone, never on the host, so that objects may
// be kept and carried about.
#pragma once

#include <string>
#include <vector>

#include "codegen/cpu/compile_kernel.h"

namespace llvm {
class Function;
class Module;
class TargetMachine;
}  // namespace llvm

namespace sinter::codegen::cpu {

// Logical vector width: what order R and all passes count in, whatever the machine's registers hold.
inline constexpr unsigned kLanes = 16;

// Bytes of a vector register.
[[nodiscard]] constexpr unsigned register_bytes(Isa isa) { return isa == Isa::kAvx512 ? 64 : 32; }

// This thread's target machine: LLVM's are not thread safe.
[[nodiscard]] llvm::TargetMachine& target_machine(Isa isa);

// Attributes every function of ours carries.
void set_target_attributes(llvm::Function& function, Isa isa);
// What those say the function is compiled for.
[[nodiscard]] Isa isa_of(const llvm::Function& function);

// Machine code of a module, as a relocatable object or as text. Uses up the module.
[[nodiscard]] std::vector<char> emit_object(llvm::Module& module, Isa isa);
[[nodiscard]] std::string emit_assembly(llvm::Module& module, Isa isa);

}  // namespace sinter::codegen::cpu
