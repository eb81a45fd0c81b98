#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/file.h>
#include <bascule/run/run_folder.h>

#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kIds[] = {"i0", "i1", "i2"};

std::string_view id_at(std::int64_t i) {
  return kIds[i];
}

// A small complete run; `values` makes two runs differ.
Status write_run(const std::string& path, const std::vector<float>& values, bool users = true) {
  BASCULE_ASSIGN(RunWriter run, RunWriter::create(path));
  BASCULE_TRY(run.write_spec("task = \"recommend\"\n"));
  SafetensorsWriter model;
  model.add("w", {static_cast<std::int64_t>(values.size())}, std::span(values));
  BASCULE_TRY(run.write_model(model));
  BASCULE_TRY(run.write_items(3, id_at, id_at));
  if (users) BASCULE_TRY(run.write_users(2, id_at));
  BASCULE_TRY(run.restart_history());
  BASCULE_TRY(run.append_history(R"({"epoch":1})"));
  return run.finish();
}

void expect_bad(const Result<Run>& run, const std::string& message) {
  ASSERT_FALSE(run.ok()) << message;
  EXPECT_EQ(run.error().code, Code::kBadData);
  EXPECT_THAT(run.error().message, HasSubstr(message));
}

TEST(RunFolder, RoundTrip) {
  const TempFolder folder;
  const std::string path = folder / "deep/er/run";
  ASSERT_TRUE(write_run(path, {1, 2}).ok());
  const auto run = Run::open(path);
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(*run->spec(), "task = \"recommend\"\n");
  EXPECT_THAT(*(*run->model())->get<float>("w"), ElementsAre(1, 2));
  EXPECT_EQ(run->items()->find("i2"), 2);
  EXPECT_EQ(run->users()->size(), 2);
  EXPECT_THAT(*run->history(), ElementsAre(R"({"epoch":1})"));
  EXPECT_TRUE(run->verify().ok());
  EXPECT_FALSE(run->has(kLabelsFile));
}

TEST(RunFolder, RewritingReplacesEverythingOfTheOldRun) {
  const TempFolder folder;
  ASSERT_TRUE(write_run(folder / "run", {1, 2}).ok());
  ASSERT_TRUE(write_run(folder / "run", {3}, false).ok());
  const auto run = Run::open(folder / "run");
  ASSERT_TRUE(run.ok());
  EXPECT_THAT(*(*run->model())->get<float>("w"), ElementsAre(3));
  EXPECT_FALSE(run->has(kUsersFile));
  EXPECT_FALSE(std::filesystem::exists(run->file(kUsersFile)));
  EXPECT_EQ(run->history()->size(), 1U);
}

TEST(RunFolder, AStoppedFitIsNotReadAsARunAndCanBeRepeated) {
  const TempFolder folder;
  const std::string path = folder / "run";
  ASSERT_TRUE(write_run(path, {1, 2}).ok());
  {
    auto again = RunWriter::create(path);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(Run::open(path).ok());  // nothing was touched yet
    ASSERT_TRUE(again->write_items(2, id_at, id_at).ok());
  }
  expect_bad(Run::open(path), "run/run.json: the run is not complete");
  EXPECT_TRUE(write_run(path, {4}).ok());
  EXPECT_TRUE(Run::open(path).ok());
}

TEST(RunFolder, RefusesFoldersThatAreNotRuns) {
  const TempFolder folder;
  ASSERT_TRUE(write_atomically(folder / "file", "x").ok());
  std::filesystem::create_directory(folder / "mine");
  ASSERT_TRUE(write_atomically(folder / "mine/spec.toml", "task = 1").ok());
  std::filesystem::create_directory(folder / "other");
  ASSERT_TRUE(write_atomically(folder / "other/run.json", "{\"format\":\"something\"}").ok());
  std::filesystem::create_directory(folder / "empty");
  for (const char* name : {"file", "mine", "other"}) {
    const auto refused = RunWriter::create(folder / name);
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_EQ(refused.error().code, Code::kUsage) << name;
    EXPECT_THAT(refused.error().message, HasSubstr(folder / name));
  }
  EXPECT_EQ(*read_file(folder / "mine/spec.toml", 100), "task = 1");
  EXPECT_TRUE(RunWriter::create(folder / "empty").ok());
  EXPECT_EQ(RunWriter::create(folder / "file/below").error().code, Code::kFailed);
}

TEST(RunFolder, TemporaryFilesOfDeadProcessesAreSweptAway) {
  const TempFolder folder;
  const std::string dead = folder / "run/.bascule-2147483646-0.tmp";  // above any process id
  const std::string half = folder / "run/checkpoints/.bascule-2147483646-1.tmp";
  const std::string alive = folder / ("run/.bascule-" + std::to_string(::getpid()) + "-77.tmp");
  ASSERT_TRUE(write_run(folder / "run", {1}).ok());
  std::filesystem::create_directory(folder / "run/checkpoints");
  ASSERT_TRUE(write_atomically(dead, "x").ok());
  ASSERT_TRUE(write_atomically(half, "x").ok());
  ASSERT_TRUE(write_atomically(alive, "x").ok());
  ASSERT_TRUE(RunWriter::create(folder / "run").ok());
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_FALSE(std::filesystem::exists(half));
  EXPECT_TRUE(std::filesystem::exists(alive));
}

TEST(RunFolder, DamageIsNamed) {
  const TempFolder folder;
  const std::string path = folder / "run";
  ASSERT_TRUE(write_run(path, {1, 2}).ok());
  const std::string model = path + "/model.safetensors";
  const std::string bytes = *read_file(model, 10000);

  ASSERT_TRUE(write_atomically(model, bytes.substr(0, bytes.size() - 1)).ok());
  expect_bad(Run::open(path), "run/model.safetensors: is damaged: it has");
  std::string flipped = bytes;
  flipped.back() ^= 1;
  ASSERT_TRUE(write_atomically(model, flipped).ok());
  const auto run = Run::open(path);
  ASSERT_TRUE(run.ok());  // the same length: only verify() reads the content
  const Status status = run->verify();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kBadData);
  EXPECT_THAT(status.error().message, HasSubstr("run/model.safetensors: is damaged: its checksum"));
  std::filesystem::remove(model);
  expect_bad(Run::open(path), "run/model.safetensors: is missing");
  EXPECT_FALSE(run->verify().ok());

  ASSERT_TRUE(write_run(path, {1}, false).ok());
  const std::string_view needed[] = {kUsersFile};
  expect_bad(Run::open(path, needed), "run/users.tsv: is not part of this run");
  expect_bad(Run::open(folder / "none"), "none: no such run");
  std::filesystem::remove(path + "/run.json");
  expect_bad(Run::open(path), "is not a run");
}

TEST(RunFolder, HostileManifestsAreRefused) {
  const TempFolder folder;
  const auto with_files = [](const std::string& files) {
    return R"({"format":"bascule-run","version":1,"complete":true,"files":)" + files + "}";
  };
  const std::pair<std::string, const char*> cases[] = {
      {"", "not a JSON object"},
      {"[1]", "not a JSON object"},
      {"{}", "does not describe"},
      {std::string(60000, '['), "not a JSON object"},
      {std::string(70000, ' '), "larger than"},
      {R"({"format":"bascule-run"})", "lacks"},
      {R"({"format":"bascule-run","version":2,"complete":true,"files":{}})", "version 2"},
      {R"({"format":"bascule-run","version":1,"complete":1,"files":{}})", "lacks"},
      {with_files("[]"), "lacks"},
      {with_files(R"({"../model.safetensors":{"bytes":1,"crc32c":1}})"), "not valid"},
      {with_files(R"({"spec.toml":1})"), "not valid"},
      {with_files(R"({"spec.toml":{"bytes":-1,"crc32c":1}})"), "not valid"},
      {with_files(R"({"spec.toml":{"bytes":1.5,"crc32c":1}})"), "not valid"},
      {with_files(R"({"spec.toml":{"bytes":1,"crc32c":4294967296}})"), "out of range"},
      {with_files(R"({"spec.toml":{"bytes":9223372036854775808,"crc32c":1}})"), "out of range"},
      {with_files("{}"), "spec.toml: is not part"},
  };
  for (const auto& [text, message] : cases) {
    ASSERT_TRUE(write_atomically(folder / "run.json", text).ok());
    const auto run = Run::open(folder.path());
    ASSERT_FALSE(run.ok()) << text.substr(0, 100);
    EXPECT_EQ(run.error().code, Code::kBadData);
    EXPECT_THAT(run.error().message, HasSubstr(message));
  }
}

TEST(RunFolder, ATornHistoryLineIsIgnoredAndRepaired) {
  const TempFolder folder;
  const std::string path = folder / "run";
  ASSERT_TRUE(write_run(path, {1}).ok());
  const std::string history = path + "/history.jsonl";
  ASSERT_TRUE(append_durably(history, R"({"epoch":2)").ok());
  const auto run = Run::open(path);
  ASSERT_TRUE(run.ok());
  EXPECT_THAT(*run->history(), ElementsAre(R"({"epoch":1})"));
  auto writer = RunWriter::create(path);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->append_history(R"({"epoch":2})").ok());
  EXPECT_THAT(*run->history(), ElementsAre(R"({"epoch":1})", R"({"epoch":2})"));
  for (const char* bad : {"{", "{}\n{}", ""})
    EXPECT_EQ(writer->append_history(bad).error().code, Code::kUsage) << bad;
  ASSERT_TRUE(append_durably(history, "nonsense\n").ok());
  const auto broken = run->history();
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("history.jsonl:3: is not JSON"));
}

TEST(RunFolder, Labels) {
  const TempFolder folder;
  auto writer = RunWriter::create(folder / "run");
  ASSERT_TRUE(writer.ok());
  const std::vector<std::string> labels = {"cat", "", "dog"};
  ASSERT_TRUE(writer->write_labels(labels).ok());
  ASSERT_TRUE(writer->finish().ok());
  const std::string_view needed[] = {kLabelsFile};
  const auto run = Run::open(folder / "run", needed);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(*run->labels(), labels);
  const std::vector<std::string> bad = {"two\nlines"};
  EXPECT_EQ(writer->write_labels(bad).error().code, Code::kUsage);
}

}  // namespace
}  // namespace bascule
