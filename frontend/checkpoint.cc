#include "frontend/checkpoint.h"

#include <charconv>
#include <cstring>

#include "frontend/call_scope.h"
#include "frontend/cell.h"
#include "frontend/creation.h"
#include "frontend/transfer.h"

namespace sinter {
namespace {

constexpr const char* kModel = "model.";
constexpr const char* kOptimizer = "optimizer.";
constexpr const char* kGenerator = "generator";
constexpr const char* kEpoch = "epoch";

// The entries whose names begin with the prefix, without it.
std::map<std::string, Tensor> part(const SavedTensors& saved, std::string_view prefix) {
  std::map<std::string, Tensor> found;
  for (const auto& [name, tensor] : saved.tensors)
    if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), tensor);
  return found;
}

}  // namespace

void save_tensors(const std::filesystem::path& path, const nn::NamedTensors& tensors, const runtime::Metadata& metadata,
                  At at) {
  const detail::CallScope location(at);
  std::vector<detail::Ref<detail::Impl>> memory;
  std::vector<runtime::NamedArray> arrays;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) throw ValueError(fmt::format("save_tensors: {} is an undefined tensor", name));
    if (detail::is_traced(tensor)) detail::report_data_access("save_tensors");
    memory.push_back(detail::on_host(detail::contiguous(detail::memory_of(tensor.impl()))));
    const detail::Impl& impl = *memory.back();
    arrays.push_back({name,
                      impl.dtype,
                      impl.shape.values(),
                      {impl.data(), static_cast<size_t>(impl.numel()) * size_of(impl.dtype)}});
  }
  runtime::write_safetensors(path, arrays, metadata);
}

SavedTensors load_tensors(const std::filesystem::path& path, At at) {
  const detail::CallScope location(at);
  const runtime::SafetensorsFile file(path);
  SavedTensors saved;
  saved.metadata = file.metadata();
  for (const runtime::NamedArray& array : file.arrays()) {
    if (array.shape.size() > static_cast<size_t>(kMaxRank))
      throw FileError(fmt::format("cannot load {}: array \"{}\" has {} dimensions, expected at most {}", path.native(),
                                  array.name, array.shape.size(), kMaxRank));
    detail::Ref<detail::Impl> impl = detail::allocate(array.dtype, array.shape);
    if (!array.data.empty()) std::memcpy(impl->data(), array.data.data(), array.data.size());
    saved.tensors.emplace(array.name, Tensor(std::move(impl)));
  }
  return saved;
}

void save_checkpoint(const std::filesystem::path& path, const nn::Module& model, const optim::Optimizer& optimizer,
                     int64_t epoch, At at) {
  nn::NamedTensors all;
  for (const auto& [name, tensor] : model.state_dict()) all.emplace_back(kModel + name, tensor);
  for (const auto& [name, tensor] : optimizer.state_dict()) all.emplace_back(kOptimizer + name, tensor);
  all.emplace_back(kGenerator, generator());
  save_tensors(path, all, {{kEpoch, std::to_string(epoch)}}, at);
}

int64_t load_checkpoint(const std::filesystem::path& path, const nn::Module& model, const optim::Optimizer& optimizer,
                        At at) {
  const detail::CallScope location(at);
  const SavedTensors saved = load_tensors(path, at);
  const auto epoch_text = saved.metadata.find(kEpoch);
  const auto random = saved.tensors.find(kGenerator);
  int64_t epoch = -1;
  if (epoch_text != saved.metadata.end()) {
    const std::string& text = epoch_text->second;
    if (std::from_chars(text.data(), text.data() + text.size(), epoch).ptr != text.data() + text.size()) epoch = -1;
  }
  if (epoch < 0 || random == saved.tensors.end() || random->second.shape() != Sizes{2} ||
      random->second.dtype() != kInt64)
    throw FileError(fmt::format("load_checkpoint: {} holds no training state, expected a checkpoint", path.string()),
                    "pass a file that save_checkpoint wrote");
  for (const auto& [key, text] : saved.metadata)  // the checksum under a damaged name would go unchecked
    if (key != kEpoch)
      throw FileError(
          fmt::format("load_checkpoint: {} holds the unknown entry \"{}\", expected none: the file is damaged",
                      path.string(), key));
  // The model's old values come back if the optimiser's part does not fit.
  std::map<std::string, Tensor> before;
  for (const auto& [name, tensor] : model.state_dict()) before.emplace(name, tensor.clone());
  model.load_state_dict(part(saved, kModel), at);
  try {
    optimizer.load_state_dict(part(saved, kOptimizer), at);
  } catch (const Error&) {
    model.load_state_dict(before);
    throw;
  }
  generator().set(random->second);
  return epoch;
}

void load_model(const std::filesystem::path& path, const nn::Module& model, At at) {
  const detail::CallScope location(at);
  const SavedTensors saved = load_tensors(path, at);
  const std::map<std::string, Tensor> state = part(saved, kModel);
  if (state.empty() && !saved.tensors.empty())
    throw FileError(
        fmt::format("load_model: {} holds {} arrays, the first named \"{}\", expected names that begin with "
                    "\"{}\"",
                    path.string(), saved.tensors.size(), saved.tensors.begin()->first, kModel),
        "pass a file that save_checkpoint wrote; model.load_state_dict(load_tensors(path).tensors) takes names as they "
        "are");
  model.load_state_dict(state, at);
}

}  // namespace sinter
