#pragma once
// The folder that a fit writes and that everything else reads.
//
//   spec.toml          the resolved spec            history.jsonl   a line of JSON per epoch
//   model.safetensors  the model                    report.html     plots
//   items.tsv, users.tsv or labels.txt              events.out.tfevents.*, checkpoints/
//   run.json           says that the folder is a run, whether it is complete, and the size and
//                      checksum of the files in the left column
//
// run.json is marked incomplete before the first of its files is touched and complete after the
// last, so files of two fits are never mixed unseen.
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/run/id_file.h>
#include <bascule/tensor/safetensors.h>

namespace bascule {

inline constexpr std::string_view kSpecFile = "spec.toml";
inline constexpr std::string_view kModelFile = "model.safetensors";
inline constexpr std::string_view kItemsFile = "items.tsv";
inline constexpr std::string_view kUsersFile = "users.tsv";
inline constexpr std::string_view kLabelsFile = "labels.txt";
inline constexpr std::string_view kHistoryFile = "history.jsonl";
inline constexpr std::string_view kReportFile = "report.html";
inline constexpr std::string_view kManifestFile = "run.json";
inline constexpr std::string_view kCheckpointsFolder = "checkpoints";

/// What run.json says of one file.
struct RunFile {
  std::int64_t bytes = 0;
  std::uint32_t crc32c = 0;
};

/// Writes a run. Every file is replaced in one step; failures are kFailed and name the file.
class RunWriter {
 public:
  /// Makes the folder and its parents, marked as an incomplete run. An existing run is taken over,
  /// its files stay until they are replaced; half-written ones of dead processes are removed, of
  /// checkpoints too. kUsage when `path` is not a folder, or holds files but
  /// is not a run.
  static Result<RunWriter> create(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The path of a file in the folder.
  [[nodiscard]] std::string file(std::string_view name) const;

  Status write_spec(std::string_view toml);
  Status write_model(const SafetensorsWriter& model);
  Status write_items(std::int64_t count, const TextAt& id_at, const TextAt& title_at);
  Status write_users(std::int64_t count, const TextAt& id_at);
  Status write_labels(std::span<const std::string> labels);
  Status write_report(std::string_view html);

  /// Begins the history anew: an empty history.jsonl, no event files.
  Status restart_history();
  /// Adds one JSON document, which is on the disk when this returns. A last line that a crash cut
  /// short is removed first. kUsage when `json` is not JSON or has a line end.
  Status append_history(std::string_view json);

  /// Says in run.json that the run is complete; the last step of a fit. Files of an earlier fit
  /// that this one has not written are removed (users.tsv, labels.txt).
  Status finish();

 private:
  explicit RunWriter(std::string path) : path_(std::move(path)) {}
  Status touch(std::string_view name);
  Status write_manifest(bool complete) const;

  std::string path_;
  std::map<std::string, RunFile, std::less<>> files_;
  bool marked_incomplete_ = false;
  bool history_is_whole_ = false;
};

/// A complete run, opened for reading. All errors are kBadData and name the file.
class Run {
 public:
  /// Checks run.json, that the files it lists exist with the sizes it gives, and that `needed` are
  /// among them. Reads no other file: verify() does.
  static Result<Run> open(const std::string& path,
                          std::span<const std::string_view> needed = kNeededForRecommending);

  static constexpr std::string_view kNeededForRecommending[] = {kSpecFile, kModelFile, kItemsFile};

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return files_.contains(name); }
  [[nodiscard]] const std::map<std::string, RunFile, std::less<>>& files() const { return files_; }

  /// Reads every file listed and compares its checksum.
  [[nodiscard]] Status verify() const;
  [[nodiscard]] Result<std::string> spec() const;
  [[nodiscard]] Result<std::shared_ptr<const SafetensorsFile>> model() const;
  [[nodiscard]] Result<IdFile> items() const;
  [[nodiscard]] Result<IdFile> users() const;
  [[nodiscard]] Result<std::vector<std::string>> labels() const;
  /// The lines of history.jsonl, each a JSON document; none when there is no such file. A last line
  /// that a crash cut short is left out.
  [[nodiscard]] Result<std::vector<std::string>> history() const;

 private:
  std::string path_;
  std::map<std::string, RunFile, std::less<>> files_;
};

}  // namespace bascule
