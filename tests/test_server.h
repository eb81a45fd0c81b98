#pragma once
// A small HTTP server on the loopback: every test says byte by byte what it answers.
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bascule {

/// The connection of one request.
class TestConnection {
 public:
  TestConnection(int socket, std::string request) : socket_(socket), request_(std::move(request)) {}

  /// Value of a header of the request, empty when absent.
  [[nodiscard]] std::string header(const std::string& name) const {
    const std::size_t at = request_.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return request_.substr(begin, request_.find("\r\n", begin) - begin);
  }
  [[nodiscard]] const std::string& request() const { return request_; }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t done = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (done <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  /// Waits until the client hangs up.
  void wait_for_hangup() const {
    char byte = 0;
    while (::recv(socket_, &byte, 1, 0) > 0) {
    }
  }

 private:
  int socket_;
  std::string request_;
};

/// Answers one connection after the other by `handler` until destroyed.
class TestServer {
 public:
  using Handler = std::function<void(const TestConnection&)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 16) != 0)
      throw std::runtime_error("no port on the loopback");
    ::getsockname(listener_, plain, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  /// The requests so far.
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      std::string request;
      char byte = 0;
      while (!request.ends_with("\r\n\r\n") && ::recv(socket, &byte, 1, 0) == 1) request += byte;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      handler_(TestConnection(socket, request));
      ::close(socket);
    }
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace bascule
