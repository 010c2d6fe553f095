// Tensors in files (safetensors), and checkpoints: all that a training run needs to go on as if it had never stopped.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "frontend/nn/module.h"
#include "frontend/optim/optimizer.h"
#include "runtime/safetensors.h"

namespace sinter {

struct SavedTensors {
  std::map<std::string, Tensor> tensors;
  runtime::Metadata metadata;
};

// Writes the file whole or not at all: on any FileError what was there before is intact.
void save_tensors(const std::filesystem::path& path, const nn::NamedTensors& tensors,
                  const runtime::Metadata& metadata = {}, At at = At::current());
// FileError when the file is missing, truncated or damaged in any bit (files of other writers carry no checksum).
[[nodiscard]] SavedTensors load_tensors(const std::filesystem::path& path, At at = At::current());

// Model, optimiser, the random generator and the number of epochs done, in one file.
void save_checkpoint(const std::filesystem::path& path, const nn::Module& model, const optim::Optimizer& optimizer,
                     int64_t epoch, At at = At::current());
// Loads all of it, after every part has been found to fit; returns the number of epochs done.
int64_t load_checkpoint(const std::filesystem::path& path, const nn::Module& model, const optim::Optimizer& optimizer,
                        At at = At::current());
// The model's part alone.
void load_model(const std::filesystem::path& path, const nn::Module& model, At at = At::current());

}  // namespace sinter
