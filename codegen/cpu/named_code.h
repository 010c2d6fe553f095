// Names for code that has no file: profilers and debuggers then see kernels, not addresses (SINTER_PERF).
#pragma once

namespace llvm::orc {
class ExecutionSession;
class ObjectLinkingLayer;
}  // namespace llvm::orc

namespace sinter::codegen::cpu {

// From now on every object the layer links is named by its buffer: its functions in /tmp/perf-PID.map, which `perf
// report` reads, and its symbols through the JIT interface of gdb. Says on stderr where it cannot.
void name_code(llvm::orc::ExecutionSession& session, llvm::orc::ObjectLinkingLayer& layer);

}  // namespace sinter::codegen::cpu
