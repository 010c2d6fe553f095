#include "tests/cuda/programs.h"

#include "ir/loops/text.h"
#include "passes/differentiate.h"
#include "passes/pipeline.h"
#include "passes/schedule/cuda.h"
#include "tests/cuda/check_cuda.h"
#include "tests/kernels/mlp_step.h"
#include "tests/kernels/training_graphs.h"
#include "tests/random_graph.h"

namespace sinter::codegen::cuda {
namespace {

constexpr std::string_view kDynamic = R"(
kernel @add_bias(%b0: f32[s3] in, %b1: f32[s1] in, %o2: f32[s3] out) symbols(4) {
  for i0 < s0, i1 < s1 {
    pass {
      %0 = load f32 %b0[s2*i0 + i1]
      %1 = load f32 %b1[i1]
      %2 = add f32 %0, %1
      store f32 %o2[s1*i0 + i1], %2
    }
  }
}
kernel @relu(%b0: f32[s0] in, %o1: f32[s0] out) symbols(1) {
  for i0 < s0 {
    pass {
      %0 = load f32 %b0[i0]
      %1 = relu f32 %0
      store f32 %o1[i0], %1
    }
  }
}
kernel @row_sum(%b0: f32[s3] in, %o1: f32[s0] out) symbols(4) {
  for i0 < s0 {
    pass j1 < s1 {
      %0 = load f32 %b0[s2*i0 + j1]
      %1 = reduce sum f32 %0
    }
    pass {
      store f32 %o1[i0], %1
    }
  }
}
kernel @column_sum(%b0: f32[s3] in, %o1: f32[s0] out) symbols(4) {
  for i0 < s0 {
    pass j1 < s1 {
      %0 = load f32 %b0[s2*j1 + i0]
      %1 = reduce sum f32 %0
    }
    pass {
      store f32 %o1[i0], %1
    }
  }
}
kernel @sum(%b0: f32[s0] in, %o1: f32[1] out) symbols(1) {
  pass j0 < s0 {
    %0 = load f32 %b0[j0]
    %1 = reduce sum f32 %0
  }
  pass {
    store f32 %o1[0], %1
  }
}
kernel @argmax(%b0: f64[s3] in, %o1: i64[s0] out) symbols(4) {
  for i0 < s0 {
    pass j1 < s1 {
      %0 = load f64 %b0[s2*i0 + j1]
      %1 = index i64 j1
      %2 = argmax i64 %0, %1
    }
    pass {
      store i64 %o1[i0], %2
    }
  }
}
kernel @gather(%b0: i64[s0] in, %b1: f32[s3] in, %o2: f32[s0] out) symbols(4) {
  for i0 < s0 {
    pass {
      %0 = load i64 %b0[i0]
      %1 = check_index i64 %0 < s1
      %2 = load f32 %b1[s2*i0 + %1]
      store f32 %o2[i0], %2
    }
  }
}
kernel @scatter_add(%b0: f32[s3] in, %o1: f32[s3] out, %b2: i64[s0] in, %b3: f32[s0] in) symbols(4) {
  for i0 < s0 {
    pass j1 < s1 {
      %0 = load f32 %b0[s2*i0 + j1]
      store f32 %o1[s1*i0 + j1], %0
    }
    pass {
      %2 = load i64 %b2[i0]
      %3 = load f32 %b3[i0]
      %4 = check_index i64 %2 < s1
    }
    pass j1 < 1 {
      accumulate f32 %o1[s1*i0 + %4], %3
    }
  }
}
kernel @rng_bits(%b0: i64[1] in, %b1: i64[1] in, %o2: i64[s0] out) symbols(1) {
  for i0 < s0 {
    pass {
      %0 = load i64 %b0[0]
      %1 = load i64 %b1[0]
      %2 = index i64 i0
      %3 = rng_bits i64 %0, %1, %2
      store i64 %o2[i0], %3
    }
  }
}
kernel @dot(%b0: f32[s3] in, %b1: f32[s4] in, %o2: f32[s5] out) symbols(8) {
  for i0 < s0, i1 < s1 {
    pass j2 < s2 {
      %0 = load f32 %b0[s6*i0 + j2]
      %1 = load f32 %b1[s7*j2 + i1]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %o2[s1*i0 + i1], %2
    }
  }
}
)";

std::vector<loops::Kernel> kernels_of(const ir::Graph& graph) {
  return cuda_kernels(passes::run_passes(passes::graph_pipeline(), graph).graph);
}

}  // namespace

std::vector<ProgramKernels> training_programs() {
  std::vector<ProgramKernels> programs{{"mlp_step", kernels_of(test::mlp_step(64, {784, 128, 64, 10}))}};
  for (const ir::Graph& graph :
       {test::linear_regression(256, 2), test::softmax_cross_entropy(256, 1000), test::layer_norm(512, 768)})
    programs.push_back({graph.name, kernels_of(passes::differentiate_first_result(graph).graph)});
  return programs;
}

ProgramKernels dynamic_kernels() {
  ProgramKernels made{"dynamic", loops::parse(kDynamic, "dynamic.loops")};
  for (loops::Kernel& kernel : made.kernels) passes::schedule_cuda(kernel);
  return made;
}

ProgramKernels random_graph_kernels(uint64_t first_seed, uint64_t count) {
  ProgramKernels made{"random", {}};
  for (uint64_t seed = first_seed; seed < first_seed + count; ++seed)
    for (loops::Kernel& kernel : kernels_of(tests::random_graph(seed, {.locations = false})))
      made.kernels.push_back(std::move(kernel));
  return made;
}

}  // namespace sinter::codegen::cuda
