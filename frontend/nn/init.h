// Filling parameters, in place, with PyTorch's distributions. Random ones draw from the process's generator.
#pragma once

#include "frontend/tensor.h"

namespace sinter::nn::init {

void uniform_(const Tensor& x, double low = 0, double high = 1, At at = At::current());
void normal_(const Tensor& x, double mean = 0, double std = 1, At at = At::current());
void constant_(const Tensor& x, double value, At at = At::current());
void zeros_(const Tensor& x, At at = At::current());
void ones_(const Tensor& x, At at = At::current());
// U(-b, b), b = sqrt(6 / ((1 + a^2) fan_in)); fan_in: elements behind one output ([out, in, ...]).
void kaiming_uniform_(const Tensor& x, double a = 0, At at = At::current());
// U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)).
void xavier_uniform_(const Tensor& x, double gain = 1, At at = At::current());

}  // namespace sinter::nn::init
