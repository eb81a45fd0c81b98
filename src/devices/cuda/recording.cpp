#include "devices/cuda/recording.h"

namespace bascule::cuda {
namespace {

class GraphRecording final : public Recording {
 public:
  GraphRecording(std::shared_ptr<Queue> queue, OwnedGraphExec graph, std::int64_t launches)
      : queue_(std::move(queue)), graph_(std::move(graph)), launches_(launches) {}
  GraphRecording(const GraphRecording&) = delete;
  GraphRecording& operator=(const GraphRecording&) = delete;

  void launch() override {
    if (!queue_->run(queue_->driver().graph_launch, graph_.get(), queue_->stream())) return;
    queue_->activity().launches += launches_;
    ++queue_->activity().recordings;
  }

 private:
  std::shared_ptr<Queue> queue_;
  OwnedGraphExec graph_;
  std::int64_t launches_;
};

bool refuses(int result) {
  return result == kNotSupported || (result >= kFirstCaptureError && result <= kLastCaptureError);
}

class Recorder {
 public:
  explicit Recorder(const std::shared_ptr<Queue>& queue)
      : queue_(queue), driver_(queue->driver()) {}

  Result<std::unique_ptr<Recording>> run(const std::function<void()>& work) {
    BASCULE_TRY(queue_->status());
    const DeviceActivity before = queue_->activity();
    const Result<OwnedGraph> graph = capture(work);
    // What was recorded was not done.
    const std::int64_t launches = queue_->activity().launches - before.launches;
    queue_->activity() = before;
    if (!graph.ok()) return graph.error();
    GraphExecHandle handle = nullptr;
    const int result = queue_->attempt(driver_.graph_instantiate, &handle, graph->get(), 0ULL);
    if (result != kSuccess)
      return told(driver_.graph_instantiate.name, result, result == kOutOfMemory);
    return std::unique_ptr<Recording>(
        std::make_unique<GraphRecording>(queue_, OwnedGraphExec(driver_, handle), launches));
  }

 private:
  Result<OwnedGraph> capture(const std::function<void()>& work) {
    const int begun = queue_->attempt(driver_.capture_begin, queue_->stream(), kCaptureThreadLocal);
    if (begun != kSuccess) return told(driver_.capture_begin.name, begun);
    work();
    // Whatever happened: the stream does nothing until this.
    GraphHandle handle = nullptr;
    const int ended = queue_->attempt(driver_.capture_end, queue_->stream(), &handle);
    OwnedGraph graph = handle == nullptr ? OwnedGraph() : OwnedGraph(driver_, handle);
    if (const Status status = queue_->status(); !status.ok()) {
      if (refuses(queue_->failure())) queue_->forget_failure();
      return status.error();
    }
    if (ended != kSuccess) return told(driver_.capture_end.name, ended);
    return graph;
  }

  /// The error, kept unless the driver only says that this cannot be recorded.
  Error told(const char* call, int result, bool refused = false) {
    const std::string what = describe(driver_, call, result);
    if (refused || refuses(result)) return {Code::kUsage, what};
    queue_->fail(what, result);
    return queue_->status().error();
  }

  std::shared_ptr<Queue> queue_;
  const Driver& driver_;
};

}  // namespace

Result<std::unique_ptr<Recording>> record(const std::shared_ptr<Queue>& queue,
                                          const std::function<void()>& work) {
  return Recorder(queue).run(work);
}

}  // namespace bascule::cuda
