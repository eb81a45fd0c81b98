#include <atomic>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <bascule/base/digest.h>
#include <bascule/data/fetch.h>

#include "file_text.h"
#include "temp_folder.h"
#include "test_server.h"

namespace bascule {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string make_body(std::size_t size) {
  std::string body;
  for (std::size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i * i % 23);
  return body;
}

std::string sha256(std::string_view text) {
  Digest digest(DigestKind::kSha256);
  digest.update(text);
  return "sha256:" + digest.hex();
}

/// A server of one file that honours Range and If-Range, and can break off.
struct FileServer {
  std::string body;
  std::string etag = "\"v1\"";
  std::size_t break_after = std::string::npos;  ///< bytes of body per connection

  void operator()(const TestConnection& connection) const {
    std::size_t from = 0;
    const std::string range = connection.header("Range");
    const std::string condition = connection.header("If-Range");
    if (range.starts_with("bytes=") && (condition.empty() || condition == etag))
      from = std::stoul(range.substr(6));
    std::string head;
    if (from >= body.size() && from > 0) {
      connection.send(fmt::format(
          "HTTP/1.1 416 Range Not Satisfiable\r\nConnection: close\r\nContent-Range: bytes "
          "*/{}\r\nContent-Length: 0\r\n\r\n",
          body.size()));
      return;
    }
    if (from > 0) {
      head = fmt::format(
          "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Range: bytes {}-{}/{}\r\n",
          from, body.size() - 1, body.size());
    } else {
      head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    }
    connection.send(fmt::format("{}ETag: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                                head, etag, body.size() - from));
    connection.send(std::string_view(body).substr(from, break_after));
  }
};

class Fetch : public testing::Test {
 protected:
  Fetch() { setenv("no_proxy", "*", 1); }  // nothing but the loopback is spoken to

  /// Code and message of a failing fetch.
  Error failure(const std::string& url) {
    const auto fetched = fetch_file(url, target_, options_);
    EXPECT_FALSE(fetched.ok());
    EXPECT_FALSE(std::filesystem::exists(target_));
    return fetched.ok() ? Error{} : fetched.error();
  }
  Error failure_of(TestServer::Handler handler) {
    const TestServer server(std::move(handler));
    return failure(server.url("/x"));
  }

  TempFolder folder_;
  std::string target_ = folder_ / "set.zip";
  std::string part_ = target_ + ".part";
  std::string body_ = make_body(300000);
  FetchOptions options_;
};

TEST_F(Fetch, DownloadsAndVerifies) {
  const TestServer server(FileServer{body_});
  options_.checksum = sha256(body_);
  std::int64_t last = 0, total = 0;
  options_.progress = [&](std::int64_t done, std::int64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
  };
  const auto fetched = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(contents_of(target_), body_);
  EXPECT_TRUE(fetched->verified);
  EXPECT_EQ(fetched->bytes, 300000);
  EXPECT_EQ(last, 300000);
  EXPECT_EQ(total, 300000);
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(Fetch, TellsTheChecksumWhenNoneIsKnown) {
  const TestServer server(FileServer{body_});
  const auto fetched = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_FALSE(fetched->verified);
  EXPECT_EQ(fetched->checksum, sha256(body_));
}

TEST_F(Fetch, AnEmptyFileIsAFile) {
  const TestServer server(FileServer{""});
  const auto fetched = fetch_file(server.url("/empty"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(fetched->bytes, 0);
  EXPECT_TRUE(std::filesystem::exists(target_));
}

TEST_F(Fetch, GoesOnAfterBrokenConnections) {
  const TestServer server(FileServer{body_, "\"v1\"", 120000});
  const auto fetched = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(contents_of(target_), body_);
  ASSERT_THAT(server.requests(), SizeIs(3));
  EXPECT_THAT(server.requests()[1], HasSubstr("Range: bytes=120000-\r\n"));
  EXPECT_THAT(server.requests()[1], HasSubstr("If-Range: \"v1\"\r\n"));
  EXPECT_THAT(server.requests()[2], HasSubstr("Range: bytes=240000-\r\n"));
}

TEST_F(Fetch, ALaterCallGoesOn) {
  const TestServer server(FileServer{body_, "\"v1\"", 200000});
  options_.tries = 1;
  const auto first = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, Code::kFailed);
  EXPECT_THAT(first.error().message, HasSubstr("broke off after 200000 bytes"));
  EXPECT_EQ(contents_of(part_), body_.substr(0, 200000));
  const auto second = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->resumed_at, 200000);
  EXPECT_EQ(contents_of(target_), body_);
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(Fetch, AChangedFileStartsAgain) {
  {
    write_text(part_, "an older version");
    const std::string url = "http://127.0.0.1:1/x";
    write_text(part_ + ".info", url + "\n\"v0\"\n");
  }
  // Bytes of another address are never continued.
  const TestServer server(FileServer{body_, "\"v2\""});
  auto fetched = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_THAT(server.requests()[0], testing::Not(HasSubstr("Range:")));
  EXPECT_EQ(contents_of(target_), body_);
  // Bytes of an older version are asked for, and dropped when the server sends the whole.
  write_text(part_, "an older version");
  write_text(part_ + ".info", server.url("/set.zip") + "\n\"v1\"\n");
  fetched = fetch_file(server.url("/set.zip"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_THAT(server.requests()[1], HasSubstr("If-Range: \"v1\""));
  EXPECT_EQ(contents_of(target_), body_);
}

TEST_F(Fetch, WithoutValidatorOnlyAChecksumAllowsToGoOn) {
  const TestServer server(FileServer{body_});
  for (const bool known : {false, true}) {
    write_text(part_, body_.substr(0, 1000));
    write_text(part_ + ".info", server.url("/x") + "\n\n");
    options_.checksum = known ? sha256(body_) : "";
    const auto fetched = fetch_file(server.url("/x"), target_, options_);
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_EQ(fetched->resumed_at, known ? 1000 : 0);
    EXPECT_EQ(contents_of(target_), body_);
  }
}

TEST_F(Fetch, ACompletePartIsNotLoadedAgain) {
  const TestServer server(FileServer{body_});
  write_text(part_, body_);
  write_text(part_ + ".info", server.url("/x") + "\n\"v1\"\n");
  const auto fetched = fetch_file(server.url("/x"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(contents_of(target_), body_);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(Fetch, APartLongerThanTheFileStartsAgain) {
  const TestServer server(FileServer{body_});
  write_text(part_, body_ + "surplus");
  write_text(part_ + ".info", server.url("/x") + "\n\"v1\"\n");
  const auto fetched = fetch_file(server.url("/x"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(contents_of(target_), body_);
}

TEST_F(Fetch, AWrongChecksumLeavesNothing) {
  options_.checksum = "md5:" + std::string(32, '0');
  const Error error = failure_of(FileServer{body_});
  EXPECT_EQ(error.code, Code::kBadData);
  EXPECT_THAT(error.message, HasSubstr("checksum is md5:"));
  EXPECT_EQ(folder_.entries(), 0);
}

TEST_F(Fetch, RefusesABodyShorterThanAnnouncedThatNeverGrows) {
  const Error error = failure_of([](const TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nonly this");
  });
  EXPECT_EQ(error.code, Code::kFailed);
  EXPECT_THAT(error.message, HasSubstr("broke off"));
}

TEST_F(Fetch, RefusesAnotherRangeThanAskedFor) {
  const TestServer server([](const TestConnection& connection) {
    connection.send(
        "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Range: bytes "
        "5-9/10\r\nContent-Length: "
        "5\r\n\r\n56789");
  });
  write_text(part_, "0123");
  write_text(part_ + ".info", server.url("/x") + "\n\"v1\"\n");
  const Error error = failure(server.url("/x"));
  EXPECT_EQ(error.code, Code::kFailed);
  EXPECT_THAT(error.message, HasSubstr("another part"));
}

TEST_F(Fetch, RefusesMoreThanTheBound) {
  options_.max_bytes = 1000;
  EXPECT_THAT(failure_of(FileServer{body_}).message, HasSubstr("more than the 1000 expected"));
  const Error unannounced = failure_of([&](const TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body_);
  });
  EXPECT_THAT(unannounced.message, HasSubstr("more than the 1000 bytes expected"));
  EXPECT_LE(contents_of(part_).size(), 1000U);
}

TEST_F(Fetch, FollowsRedirectsWithinBounds) {
  const TestServer server([&](const TestConnection& connection) {
    if (connection.request().starts_with("GET /old"))
      connection.send(
          "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /new\r\nContent-Length: "
          "4\r\n\r\ntext");
    else
      FileServer{body_}(connection);
  });
  const auto fetched = fetch_file(server.url("/old"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(contents_of(target_), body_);

  std::filesystem::remove(target_);
  const TestServer loop([](const TestConnection& connection) {
    connection.send(
        "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
  });
  const Error error = failure(loop.url("/x"));
  EXPECT_EQ(error.code, Code::kFailed);
  EXPECT_THAT(error.message, HasSubstr("redirect"));
  EXPECT_THAT(loop.requests(), SizeIs(6));
}

TEST_F(Fetch, ARedirectToAnotherProtocolIsRefused) {
  for (const char* location : {"file:///etc/hostname", "ftp://127.0.0.1/x"}) {
    const Error error = failure_of([&](const TestConnection& connection) {
      connection.send(fmt::format(
          "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
          location));
    });
    EXPECT_EQ(error.code, Code::kFailed) << location;
    EXPECT_THAT(error.message, HasSubstr("rotocol")) << location;
  }
}

TEST_F(Fetch, GivesUpOnAStalledServer) {
  options_.low_speed_seconds = 1;
  options_.tries = 1;
  const Error error = failure_of([](const TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nsome");
    connection.wait_for_hangup();
  });
  EXPECT_EQ(error.code, Code::kFailed);
  EXPECT_THAT(error.message, HasSubstr("broke off after 4 bytes"));
}

TEST_F(Fetch, SaysWhatTheServerAnswered) {
  const Error error = failure_of([](const TestConnection& connection) {
    connection.send("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngone");
  });
  EXPECT_EQ(error.code, Code::kFailed);
  EXPECT_THAT(error.message, HasSubstr("answered 404"));
}

TEST_F(Fetch, SaysWhichHostCannotBeReached) {
  std::string url;
  {
    url = TestServer([](const TestConnection&) {}).url("/x");
  }  // nobody listens there any more
  const Error error = failure(url);
  EXPECT_EQ(error.code, Code::kFailed);
  EXPECT_THAT(error.message, HasSubstr("cannot reach 127.0.0.1"));
  EXPECT_EQ(error.message.find('\n'), std::string::npos);
}

TEST_F(Fetch, RefusesOtherAddresses) {
  for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/x", "set.zip", "http://",
                          "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y"})
    EXPECT_EQ(failure(url).code, Code::kUsage) << url;
  EXPECT_EQ(folder_.entries(), 0);
}

TEST_F(Fetch, RefusesUnknownChecksums) {
  for (const char* checksum : {"crc32:12345678", "md5:1234", "nonsense"}) {
    options_.checksum = checksum;
    EXPECT_EQ(failure("http://127.0.0.1:1/x").code, Code::kUsage) << checksum;
  }
}

TEST_F(Fetch, CanBeStoppedAndGoesOnLater) {
  const TestServer server([&](const TestConnection& connection) {
    if (!connection.header("Range").empty()) return FileServer{body_}(connection);
    connection.send(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"v1\"\r\nContent-Length: 300000\r\n\r\n");
    connection.send(body_.substr(0, 1000));
    connection.wait_for_hangup();
  });
  std::atomic<bool> cancel{false};
  options_.cancel = &cancel;
  options_.progress = [&](std::int64_t done, std::int64_t) { cancel = done >= 1000; };
  const auto stopped = fetch_file(server.url("/x"), target_, options_);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kInterrupted);
  EXPECT_EQ(contents_of(part_), body_.substr(0, 1000));
  options_.progress = nullptr;
  cancel = false;
  const auto fetched = fetch_file(server.url("/x"), target_, options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(fetched->resumed_at, 1000);
  EXPECT_EQ(contents_of(target_), body_);
}

std::string make_zip(const std::string& path) {
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  const std::string text = "1\t2\t3\n";
  zip_file_add(archive, "ml-tiny/u.data", zip_source_buffer(archive, text.data(), text.size(), 0),
               0);
  zip_close(archive);
  return contents_of(path);
}

TEST_F(Fetch, ASetIsUnpackedUnderItsName) {
  const std::string archive = make_zip(folder_ / "made.zip");
  const TestServer server(FileServer{archive});
  const std::string url = server.url("/ml-tiny.zip"), checksum = sha256(archive);
  KnownSet set;
  set.name = "tiny";
  set.files = {{url, "ml-tiny.zip", static_cast<std::int64_t>(archive.size()), checksum}};
  set.archive = true;
  const auto fetched = fetch_set(set, folder_ / "data", options_);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(contents_of(folder_ / "data/tiny/u.data"), "1\t2\t3\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data/ml-tiny.zip"));
  const auto again = fetch_set(set, folder_ / "data", options_);
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().message, HasSubstr("is there already"));
}

TEST_F(Fetch, FilesOfASetAreLoadedOnce) {
  const TestServer server(FileServer{body_});
  const std::string url = server.url("/a.gz"), checksum = sha256(body_);
  KnownSet set;
  set.name = "tiny";
  set.files = {{url, "a.gz", 300000, checksum}, {url, "b.gz", 0, ""}};
  for (int round = 0; round < 2; ++round) {
    const auto fetched = fetch_set(set, folder_.path(), options_);
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_TRUE(fetched->files[0].verified);
    EXPECT_THAT(server.requests(), SizeIs(2));
  }
  write_text(folder_ / "tiny/a.gz", "damaged");
  ASSERT_TRUE(fetch_set(set, folder_.path(), options_).ok());
  EXPECT_EQ(contents_of(folder_ / "tiny/a.gz"), body_);
}

TEST_F(Fetch, ASetThatIsNotPublishedSaysWhereItComesFrom) {
  const auto fetched = fetch_set(*known_set("netflix"), folder_.path(), options_);
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code, Code::kUsage);
  EXPECT_THAT(fetched.error().message, HasSubstr("combined_data_1.txt"));
}

}  // namespace
}  // namespace bascule
