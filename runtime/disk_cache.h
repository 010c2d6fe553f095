// A store of bytes on disk, addressed by the content of a key text: compiled objects, kept between processes.
// Several processes may use one folder at once. What it hands out is what was stored, or nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::runtime {

class DiskCache {
 public:
  // Makes the folder if it is missing. It must belong to this user and be writable by no one else, since its content is
  // run. Where that fails the cache is off or read-only, says so in state(), and nothing throws.
  // When it has grown beyond limit_bytes, by a sixteenth or so, the entries used longest ago are removed.
  DiskCache(std::filesystem::path folder, uint64_t limit_bytes);
  // A cache that holds nothing; `reason` is its state().
  static DiskCache off(std::string reason);
  // The cache that SINTER_CACHE and SINTER_CACHE_MB ask for. When nothing can be kept in it, this is said once, on
  // stderr.
  static DiskCache& global();

  // The bytes stored under this key. An entry that is damaged, or of another version of the format, is removed.
  [[nodiscard]] std::optional<std::vector<std::byte>> load(std::string_view key);
  // Failure to store is not an error: it shows in state().
  void store(std::string_view key, std::span<const std::byte> value);
  // For people: the folder with its use and limit, or why the cache is off.
  [[nodiscard]] std::string state() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit DiskCache(std::string reason) : problem_(std::move(reason)) {}
  [[nodiscard]] std::filesystem::path entry_path(std::string_view key) const;
  void sweep_sometimes(uint64_t stored_bytes) const;

  std::filesystem::path folder_;  // empty: off
  uint64_t limit_ = 0;
  bool writable_ = false;
  mutable std::mutex mutex_;  // guards what follows
  std::string problem_;       // why it is off or read-only, or the last failure to store
};

// The folder that SINTER_CACHE names, or the default one: $XDG_CACHE_HOME/sinter, $HOME/.cache/sinter. Empty when
// neither variable names an absolute path. Reads the environment.
[[nodiscard]] std::filesystem::path default_cache_folder();

}  // namespace sinter::runtime
