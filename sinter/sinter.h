// Sinter: the one header that users include.
#pragma once

#include "frontend/autograd.h"
#include "frontend/checkpoint.h"
#include "frontend/creation.h"
#include "frontend/data/dataset.h"
#include "frontend/data/digits.h"
#include "frontend/data/progress.h"
#include "frontend/dynamic_counters.h"
#include "frontend/functions.h"
#include "frontend/jit.h"
#include "frontend/nn/init.h"
#include "frontend/nn/layers.h"
#include "frontend/nn/module.h"
#include "frontend/optim/adam.h"
#include "frontend/optim/sgd.h"
#include "frontend/print.h"
#include "frontend/tensor.h"
