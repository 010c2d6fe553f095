// How a kernel runs on a CPU: which range the vector lanes run over, how many vectors are in flight, whether threads
// pay.
#pragma once

#include "ir/loops/kernel.h"

namespace sinter::passes {

// Fills kernel.schedule. Dot kernels keep the code generator's own tiles.
void schedule_cpu(loops::Kernel& kernel);

// Work below this is not worth waking a second thread for.
inline constexpr double kThreadNanoseconds = 4000;

}  // namespace sinter::passes
