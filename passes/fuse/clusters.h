// Which cluster computes what while fusion is under way, who reads it, and what follows from that.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "passes/fuse/cluster.h"
#include "passes/fuse/spans.h"
#include "passes/fuse/stored_views.h"
#include "support/work.h"

namespace sinter::passes {

class Clusters {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // A cluster for every operation of work, and one for every view that is stored. layouts: as for lowering.
  Clusters(const ir::Graph& graph, const Layouts& layouts);

  [[nodiscard]] const ir::Graph& graph() const { return graph_; }
  [[nodiscard]] const Layouts& layouts() const { return layouts_; }
  [[nodiscard]] const std::vector<StoredView>& stored_views() const { return stored_views_; }
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(clusters_.size()); }
  [[nodiscard]] const Cluster& operator[](uint32_t cluster) const { return clusters_[cluster]; }
  [[nodiscard]] bool empty(uint32_t cluster) const { return clusters_[cluster].ops.empty(); }  // gone, or a copy
  // The cluster that computes the operation first of all; kNone: a view, or a parameter.
  [[nodiscard]] uint32_t of(uint32_t op) const { return cluster_of_[op]; }
  [[nodiscard]] bool inside(uint32_t cluster, uint32_t op) const;
  // A number that no other cluster, and no other state of this one, ever had.
  [[nodiscard]] uint32_t version(uint32_t cluster) const { return versions_[cluster]; }

  // By operation: during trials, every work value and every stored view.
  [[nodiscard]] const std::vector<bool>& in_memory() const { return in_memory_; }
  // The work values and copies that computing this operation loads, through views.
  [[nodiscard]] const std::vector<ir::Value>& reads(uint32_t op) const { return reads_[op]; }
  [[nodiscard]] bool is_result(ir::Value value) const { return results_.contains(value); }
  [[nodiscard]] bool is_elementwise(uint32_t op) const;
  [[nodiscard]] int64_t bytes(ir::Value value) const;

  // Values of these operations that someone else reads, or that leave the graph.
  [[nodiscard]] std::vector<ir::Value> outputs(const std::vector<uint32_t>& ops) const;
  // What the cluster leaves in memory, given who computes what.
  [[nodiscard]] std::vector<ir::Value> stored(uint32_t cluster) const;
  // Both as one; its outputs are for the caller to choose.
  [[nodiscard]] Cluster joined(uint32_t a, uint32_t b) const;

  // Calls act(cluster) for each cluster that computes an operation which loads this one's value; some more than once.
  template <class Act>
  void each_reader(uint32_t op, Act&& act) const {
    for (uint32_t user : users_[op]) {
      count_work();
      if (const auto copies = copies_.find(user); copies != copies_.end())
        for (uint32_t cluster : copies->second) act(cluster);
      else
        act(cluster_of_[user]);
    }
  }
  // The same for all a cluster makes; itself left out.
  template <class Act>
  void each_reader_of(uint32_t cluster, Act&& act) const {
    const auto others = [&](uint32_t reader) {
      if (reader != cluster) act(reader);
    };
    for (uint32_t op : clusters_[cluster].ops) each_reader(op, others);
    if (clusters_[cluster].ops.empty())
      for (ir::Value output : clusters_[cluster].outputs) each_reader(output.op, others);
  }
  // Whether an operation behind `until`, outside this cluster, loads this one's value.
  [[nodiscard]] bool is_read_behind(uint32_t op, uint32_t until, uint32_t cluster) const;
  // The clusters that load a value, ascending, itself left out; a parameter's, too.
  [[nodiscard]] std::vector<uint32_t> readers(ir::Value value) const;

  // Whether the value need not be stored once these two share a kernel.
  [[nodiscard]] bool vanishes(ir::Value value, uint32_t from, uint32_t to) const;
  // Whether another cluster lies on a way from one to the other.
  [[nodiscard]] bool detour(uint32_t from, uint32_t to);
  // Whether `to` reads, at once or through others, what `from` makes.
  [[nodiscard]] bool leads_to(uint32_t from, uint32_t to);
  // Whether both are elementwise over one shape, and `to` reads `from` element by element: then one kernel computes
  // both for what each alone computes, and no trial need show it.
  [[nodiscard]] bool march_together(uint32_t from, uint32_t to) const;

  void set(uint32_t cluster, Cluster now);
  // `from` becomes part of `to`.
  void merge(uint32_t from, uint32_t to);
  // Operations that several clusters compute, each for itself.
  [[nodiscard]] bool has_copies(uint32_t op) const { return copies_.contains(op); }
  [[nodiscard]] const std::map<uint32_t, std::set<uint32_t>>& copies() const { return copies_; }
  void set_copies(uint32_t op, std::set<uint32_t> clusters);  // none: it has no copies

  // The clusters that are left, each behind all it reads, with what they store.
  [[nodiscard]] std::vector<Cluster> in_order() const;

 private:
  void find_reads();
  [[nodiscard]] bool is_plain(uint32_t op) const;
  struct Span {
    uint32_t exit = kNone;  // the first place of an operation that somebody else loads
    uint32_t last = 0;      // the last of all
  };
  [[nodiscard]] Span span_of(const Cluster& cluster) const;
  [[nodiscard]] const Shape* common_shape(uint32_t cluster) const;

  const ir::Graph& graph_;
  const Layouts& layouts_;
  std::vector<StoredView> stored_views_;
  std::vector<bool> in_memory_;
  std::vector<bool> plain_;  // by operation: elementwise on what is loaded or computed element by element
  std::vector<uint32_t> cluster_of_;
  std::vector<std::vector<ir::Value>> reads_;
  std::vector<std::vector<uint32_t>> users_;  // by operation: work operations and copies that load it; parameters' too
  std::vector<Cluster> clusters_;
  std::set<ir::Value> results_;
  std::map<uint32_t, std::set<uint32_t>> copies_;
  std::vector<uint32_t> versions_, seen_;  // by cluster; seen_: the last search that came by
  uint32_t version_ = 0, search_ = 0;
  std::vector<uint32_t> places_;  // by operation: numbers in another order that follows the operands
  std::vector<Span> spans_;       // by cluster
  Spans straddling_;              // by place: clusters that are left there or before, and end behind
};

}  // namespace sinter::passes
