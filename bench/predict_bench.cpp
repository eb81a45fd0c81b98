// Our side of bench/predict.py (driver.h):
//   open NAME RUN BATCH THREADS PRECISION INPUTS
//                                        a predictor of a run folder, fp32 or bf16; INPUTS: raw
//                                        float32, some batches one after another: samples in all
//   scores NAME FILE                     raw float32 scores of all batches: scores a sample
//   time NAME CALLS CLOCK                microseconds of each call, after one that is not timed;
//                                        CLOCK: wall, or cpu (processor time of all threads)
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/nn/saved_network.h>

#include "driver.h"

namespace bascule {
namespace {

Result<std::vector<float>> read_floats(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff bytes = file.tellg();
  if (!file) return Error{Code::kBadData, path + ": cannot read"};
  std::vector<float> values(static_cast<std::size_t>(bytes) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), bytes);
  if (!file) return Error{Code::kBadData, path + ": cannot read"};
  return values;
}

double microseconds_now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

/// A predictor with its threads and the batches that it is asked for in turn.
class Subject {
 public:
  static Result<std::unique_ptr<Subject>> open(const std::string& run, std::int64_t batch,
                                               int threads, Precision precision,
                                               const std::string& inputs) {
    auto subject = std::make_unique<Subject>(threads);
    CompileOptions compile;
    compile.precision = precision;
    BASCULE_ASSIGN(nn::SavedNetwork saved, nn::SavedNetwork::open(run, *subject->device_, compile));
    subject->run_ = std::make_unique<nn::SavedNetwork>(std::move(saved));
    BASCULE_ASSIGN(nn::Predictor predictor, subject->run_->predictor(batch));
    subject->predictor_ = std::make_unique<nn::Predictor>(std::move(predictor));
    BASCULE_ASSIGN(subject->inputs_, read_floats(inputs));
    subject->scores_.resize(subject->batches() * subject->out());
    if (subject->batches() == 0) return Error{Code::kBadData, inputs + ": holds no batch"};
    return subject;
  }

  explicit Subject(int threads) : pool_(threads) {}

  [[nodiscard]] std::size_t batches() const { return inputs_.size() / in(); }
  [[nodiscard]] std::int64_t width() const { return predictor_->scores(); }
  Status predict(std::size_t batch) {
    return predictor_->predict(std::span<const float>(inputs_).subspan(batch * in(), in()),
                               std::span(scores_).subspan(batch * out(), out()));
  }
  [[nodiscard]] const std::vector<float>& scores() const { return scores_; }

 private:
  [[nodiscard]] std::size_t in() const {
    return static_cast<std::size_t>(predictor_->batch() * predictor_->features());
  }
  [[nodiscard]] std::size_t out() const {
    return static_cast<std::size_t>(predictor_->batch() * predictor_->scores());
  }

  ThreadPool pool_;
  std::unique_ptr<Device> device_ = make_cpu_device(pool_);
  std::unique_ptr<nn::SavedNetwork> run_;
  std::unique_ptr<nn::Predictor> predictor_;
  std::vector<float> inputs_, scores_;
};

class Bench {
 public:
  Result<std::string> run(std::istream& line) {
    std::string command, name;
    line >> command >> name;
    if (command == "open") return open(line, name);
    const auto at = subjects_.find(name);
    if (at == subjects_.end()) return Error{Code::kUsage, "no predictor " + name};
    if (command == "scores") return scores(line, *at->second);
    if (command == "time") return time(line, *at->second);
    return Error{Code::kUsage, "unknown command " + command};
  }

 private:
  Result<std::string> open(std::istream& line, const std::string& name) {
    std::string path, precision, inputs;
    std::int64_t batch = 0;
    int threads = 0;
    line >> path >> batch >> threads >> precision >> inputs;
    const Precision products = precision == "bf16" ? Precision::kBf16 : Precision::kFp32;
    BASCULE_ASSIGN(subjects_[name], Subject::open(path, batch, threads, products, inputs));
    return std::to_string(subjects_[name]->batches() * static_cast<std::size_t>(batch));
  }

  static Result<std::string> scores(std::istream& line, Subject& subject) {
    std::string path;
    line >> path;
    for (std::size_t batch = 0; batch < subject.batches(); ++batch)
      BASCULE_TRY(subject.predict(batch));
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(subject.scores().data()),
               static_cast<std::streamsize>(subject.scores().size() * sizeof(float)));
    if (!file.flush()) return Error{Code::kFailed, path + ": cannot write"};
    return std::to_string(subject.width());
  }

  static Result<std::string> time(std::istream& line, Subject& subject) {
    std::size_t calls = 0;
    std::string clock;
    line >> calls >> clock;
    const clockid_t id = clock == "cpu" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    std::vector<double> microseconds;
    for (std::size_t call = 0; call <= calls; ++call) {
      const double begin = microseconds_now(id);
      BASCULE_TRY(subject.predict(call % subject.batches()));
      if (call > 0) microseconds.push_back(microseconds_now(id) - begin);
    }
    return fmt::format("{:.3f}", fmt::join(microseconds, " "));
  }

  std::map<std::string, std::unique_ptr<Subject>> subjects_;
};

}  // namespace
}  // namespace bascule

int main() {
  bascule::Bench bench;
  return bascule::drive([&](std::istream& words) { return bench.run(words); });
}
