// What kernels would cost, found by building them. What is known of a state of clusters is not tried again.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "passes/fuse/clusters.h"
#include "passes/lower/lower.h"

namespace sinter::passes {

class Trials {
 public:
  // Clusters that need more instructions than that cannot be joined.
  Trials(const Clusters& clusters, double most_instructions)
      : clusters_(clusters), most_instructions_(static_cast<size_t>(most_instructions)) {}

  // The kernel of a cluster that need not exist.
  [[nodiscard]] LowerResult kernel_of(const Cluster& cluster) { return lowered(cluster, most_instructions_); }
  // Nanoseconds of a cluster as it is now.
  [[nodiscard]] double price(uint32_t cluster);
  // What two clusters would be as one.
  struct Joint {
    std::optional<double> nanoseconds;
    double instructions = 0;
    std::string reason;  // why it cannot be
  };
  [[nodiscard]] const Joint& joint(uint32_t from, uint32_t to);
  // Nanoseconds of some clusters with what they store; nothing when one of them cannot be, stores nothing any more, or
  // finds its elements by divisions, which have no price yet.
  [[nodiscard]] std::optional<double> with_stores(const std::set<uint32_t>& clusters);
  // The price of the cluster's present state, where the caller knows it.
  void know(uint32_t cluster, double nanoseconds) { prices_[clusters_.version(cluster)] = nanoseconds; }

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] size_t instructions() const { return instructions_; }  // of all kernels built

 private:
  [[nodiscard]] LowerResult lowered(const Cluster& cluster, size_t most_instructions);

  const Clusters& clusters_;
  const size_t most_instructions_;
  std::unordered_map<uint32_t, double> prices_;            // by version
  std::map<std::pair<uint32_t, uint32_t>, Joint> joints_;  // by versions
  size_t count_ = 0, instructions_ = 0;
};

}  // namespace sinter::passes
