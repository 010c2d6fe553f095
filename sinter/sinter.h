// Sinter: the one header that users include.
#pragma once

#include "frontend/autograd.h"
#include "frontend/creation.h"
#include "frontend/functions.h"
#include "frontend/jit.h"
#include "frontend/print.h"
#include "frontend/tensor.h"
