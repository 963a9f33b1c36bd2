// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/temporary_directory.h"
#include "cli/commands.h"
#include "cli/event_lines.h"
#include "cli/test_server.h"

namespace slipway::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class Cli : public testing::Test {
 protected:
  Cli() {
    environment_ = {{"HOME", folder_}, {"XDG_CONFIG_HOME", folder_ + "/config"}};
    write("slipway.yaml", "server: {port: 1}\ndata_dir: " + folder_ + "/data\n");
  }

  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  Outcome run(std::vector<std::string> arguments, const std::string& input = "") {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(input);
    const Hooks hooks{[this](LoadedConfig loaded) {
                        served_ = std::move(loaded.config);
                        return 0;
                      },
                      [](bool) { return 1; }};
    if (std::find(arguments.begin(), arguments.end(), "--config") == arguments.end()) {
      arguments.emplace_back("--config");
      arguments.push_back(folder_ + "/slipway.yaml");
    }
    const int code = cli::run(std::move(arguments), hooks, {out, err, in, environment_});
    return {code, out.str(), err.str()};
  }

  TemporaryDirectory temporary_{"cli"};
  std::string folder_ = temporary_.path().string();
  std::map<std::string, std::string, std::less<>> environment_;
  std::optional<Config> served_;
};

TEST_F(Cli, HelpNamesEveryCommand) {
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.code, kExitDone);
  for (const char* command :
       {"serve", "check", "login", "logout", "key", "use-case", "init", "validate", "plan", "push", "pull",
        "diff", "history", "asset", "logs", "config", "doctor", "version", "completion"})
    EXPECT_THAT(help.out, HasSubstr(command));
  EXPECT_EQ(run({"key", "create", "--help"}).code, kExitDone);
}

TEST_F(Cli, WrongUsageIsExplained) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"serv"}, "there is no command \"serv\". did you mean serve?"},
      {{"--url", "http://x", "key", "creat"}, "there is no command \"creat\". did you mean key create?"},
      {{"key"}, "see slipway key --help"},
      {{"serve", "--prot", "1"}, "there is no option --prot. did you mean --port?"},
      {{"logs", "show"}, "id is required"},
      {{"logs", "export", "--format", "xml"}, "--format"},
      {{"key", "create", "x", "--use-case", "y"}, "--environment is required"},
      {{"completion", "tcsh"}, "use bash, zsh or fish"},
  };
  for (const auto& [arguments, words] : cases) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kExitUsage) << words;
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_EQ(outcome.out, "");
  }
  const Outcome as_json = run({"serv", "--json"});
  const auto parsed = parse_json(as_json.err);
  ASSERT_TRUE(parsed) << as_json.err;
  EXPECT_EQ(parsed->at("error").at("hint").as_string(), "did you mean serve?");
}

TEST_F(Cli, ServeHandsOverTheSettings) {
  const Outcome outcome = run({"serve", "--port", "7777", "--set", "log.level=debug", "--data-dir", "/d"});
  EXPECT_EQ(outcome.code, kExitDone) << outcome.err;
  ASSERT_TRUE(served_);
  EXPECT_EQ(served_->server.port, 7777);
  EXPECT_EQ(served_->log.level, LogLevel::kDebug);
  EXPECT_EQ(served_->data_dir, "/d");
}

TEST_F(Cli, ServeRefusesUnsoundSettingsAndTellsAll) {
  write("slipway.yaml", "server: {port: 99999}\nlogg: {}\n");
  const Outcome outcome = run({"serve"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_FALSE(served_);
  EXPECT_THAT(outcome.err, HasSubstr("slipway.yaml:1:16: server.port"));
  EXPECT_THAT(outcome.err, HasSubstr("slipway.yaml:2:1: there is no setting \"logg\". did you mean log?"));
}

TEST_F(Cli, CheckPassesTheVerdictOn) { EXPECT_EQ(run({"check"}).code, kExitFailed); }

TEST_F(Cli, ConfigCheckSaysWhatIsWrong) {
  write("bad.yaml", "server: {prot: 1}\n");
  const Outcome bad = run({"config", "check", folder_ + "/bad.yaml"});
  EXPECT_EQ(bad.code, kExitFailed);
  EXPECT_THAT(bad.out,
              HasSubstr("bad.yaml:1:10: there is no setting \"server.prot\". did you mean server.port?"));
  EXPECT_EQ(run({"config", "check"}).code, kExitDone);
  EXPECT_EQ(run({"config", "check", folder_ + "/none.yaml"}).code, kExitUsage);
  const auto parsed = parse_json(run({"config", "check", folder_ + "/bad.yaml", "--json"}).out);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at("problems").as_array().size(), 1u);
}

TEST_F(Cli, ConfigShowTellsSources) {
  environment_["SLIPWAY_LOG_LEVEL"] = "warning";
  environment_["OPENAI_API_KEY"] = "sk-very-secret";
  const Outcome outcome = run({"config", "show", "--changed"});
  EXPECT_EQ(outcome.code, kExitDone);
  EXPECT_THAT(outcome.out, HasSubstr("SLIPWAY_LOG_LEVEL"));
  EXPECT_THAT(outcome.out, HasSubstr("slipway.yaml:1:16"));
  EXPECT_THAT(outcome.out, HasSubstr("(set)"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("very-secret")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("gateway.json_depth")));
}

TEST_F(Cli, TheReferenceInTheDocumentsIsTheOneOfTheProgram) {
  std::ifstream in(std::string(SLIPWAY_SOURCE_DIR) + "/docs/configuration.md");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), config_reference())
      << "write it anew: slipway config reference > docs/configuration.md";
}

TEST_F(Cli, TheExampleInTheReferenceIsSound) {
  const std::string text = config_reference();
  const std::size_t start = text.find("```yaml\n") + 8;
  write("example.yaml", text.substr(start, text.find("```", start) - start));
  environment_["VLLM_KEY"] = "k";
  const Outcome outcome = run({"config", "check", folder_ + "/example.yaml"});
  EXPECT_EQ(outcome.code, kExitDone) << outcome.out;
}

const char* const kKey =
    R"({"id":"k1","name":"app","prefix":"slp_abc","use_case":"chat","environment":"dev","allowed_models":[],)"
    R"("max_concurrent":null,"state":"active","created_at":"2026-11-23T14:00:00.000Z","created_by":"ada",)"
    R"("expires_at":null,"last_used_at":null,"revoked_at":null,"previous_secret_until":null})";

TEST_F(Cli, KeyCreateSendsWhatWasAskedAndPrintsTheSecretAlone) {
  TestServer server([](const SeenRequest&) {
    return PlannedAnswer{.status = 201,
                         .body = R"({"key":)" + std::string(kKey) + R"(,"secret":"slp_abcdef"})"};
  });
  write("data/admin.token", "local-token\n");
  const Outcome outcome = run({"key", "create", "app", "--use-case", "chat", "--environment", "dev",
                               "--model", "gpt-*", "--model", "o3", "--max-concurrent", "5", "--expires",
                               "2027-01-31T00:00:00Z", "--url", server.url()});
  EXPECT_EQ(outcome.code, kExitDone) << outcome.err;
  EXPECT_EQ(outcome.out, "slp_abcdef\n");
  EXPECT_THAT(outcome.err, HasSubstr("shown only now"));
  ASSERT_EQ(server.seen().size(), 1u);
  const SeenRequest request = server.seen()[0];
  EXPECT_EQ(request.method + " " + request.target, "POST /api/v1/keys");
  EXPECT_EQ(request.authorization, "Bearer local-token");
  EXPECT_EQ(
      parse_json(request.body).value(),
      parse_json(
          R"({"name":"app","use_case":"chat","environment":"dev","expires_at":"2027-01-31T00:00:00.000Z",)"
          R"("allowed_models":["gpt-*","o3"],"max_concurrent":5})")
          .value());
}

TEST_F(Cli, KeysAreFoundByNameOrId) {
  TestServer server([](const SeenRequest& request) {
    if (request.method == "GET") return PlannedAnswer{.body = R"({"items":[)" + std::string(kKey) + "]}"};
    if (request.method == "DELETE") return PlannedAnswer{.status = 204};
    return PlannedAnswer{.body = R"({"key":)" + std::string(kKey) + R"(,"secret":"slp_new"})"};
  });
  const std::string url = server.url();
  EXPECT_EQ(run({"key", "revoke", "app", "--url", url}).code, kExitDone);
  EXPECT_EQ(server.seen().back().target, "/api/v1/keys/k1");
  const Outcome rotated = run({"key", "rotate", "k1", "--grace", "1h", "--url", url, "--json"});
  EXPECT_EQ(parse_json(rotated.out)->at("secret").as_string(), "slp_new");
  EXPECT_EQ(server.seen().back().body, R"({"grace_seconds":3600})");
  const Outcome missing = run({"key", "revoke", "ap", "--url", url});
  EXPECT_EQ(missing.code, kExitUsage);
  EXPECT_THAT(missing.err, HasSubstr("did you mean \"app\"?"));
  EXPECT_THAT(run({"key", "list", "--url", url}).out, HasSubstr("slp_abc…"));
}

TEST_F(Cli, ProblemsOfTheServerKeepTheirWords) {
  TestServer server([](const SeenRequest& request) {
    if (request.target == "/api/v1/use-cases")
      return PlannedAnswer{
          .status = 409,
          .type = "application/problem+json",
          .body = R"({"type":"x","title":"Conflict","status":409,"detail":"chat exists already",)"
                  R"("code":"conflict","request_id":"r","errors":[{"field":"slug","detail":"taken"}]})"};
    return PlannedAnswer{.status = 503, .type = "text/html", .body = "<h1>gone</h1>"};
  });
  const Outcome conflict = run({"use-case", "create", "chat", "--url", server.url()});
  EXPECT_EQ(conflict.code, kExitUsage);
  EXPECT_THAT(conflict.err, HasSubstr("chat exists already; slug: taken"));
  const Outcome down = run({"key", "list", "--url", server.url()});
  EXPECT_EQ(down.code, kExitUnreachable);
  EXPECT_THAT(down.err, HasSubstr("503"));
}

TEST_F(Cli, AnUnreachableServerGivesItsOwnExitCode) {
  // Port 1 of this machine, from the settings file.
  const Outcome outcome = run({"key", "list"});
  EXPECT_EQ(outcome.code, kExitUnreachable);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1"));
}

TEST_F(Cli, LoginKeepsTheSessionPrivateAndUsesIt) {
  TestServer server([](const SeenRequest& request) {
    if (request.method == "POST")
      return PlannedAnswer{.body = R"({"csrf_token":"c1"})",
                           .set_cookie = "slipway_session=s1; HttpOnly; Path=/"};
    return PlannedAnswer{.status = request.cookie.empty() ? 401 : 200, .body = R"({"items":[]})"};
  });
  const Outcome login = run({"login", server.url(), "--user", "ada"}, "correct horse\n");
  EXPECT_EQ(login.code, kExitDone) << login.err;
  EXPECT_EQ(server.seen().back().body, R"({"username":"ada","password":"correct horse"})");
  const std::string file = folder_ + "/config/slipway/session.json";
  struct stat info{};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  EXPECT_EQ(run({"key", "list"}).code, kExitDone);
  EXPECT_EQ(server.seen().back().cookie, "slipway_session=s1");
  EXPECT_EQ(server.seen().back().csrf, "c1");
  EXPECT_EQ(run({"logout"}).code, kExitDone);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Cli, LoginWithATokenTriesItAsBearerThenAsOneTimeToken) {
  TestServer server([](const SeenRequest& request) {
    if (request.method == "GET")
      return PlannedAnswer{.status = request.authorization == "Bearer good" ? 200 : 401, .body = "{}"};
    if (request.body == R"({"token":"once"})")
      return PlannedAnswer{.body = R"({"csrf_token":"c"})", .set_cookie = "slipway_session=s"};
    return PlannedAnswer{.status = 401, .body = R"({"detail":"no such token"})"};
  });
  EXPECT_EQ(run({"login", server.url(), "--token"}, "good\n").code, kExitDone);
  EXPECT_EQ(run({"login", server.url(), "--token"}, "once\n").code, kExitDone);
  const Outcome bad = run({"login", server.url(), "--token"}, "bad\n");
  EXPECT_EQ(bad.code, kExitUsage);
  EXPECT_THAT(bad.err, HasSubstr("no such token"));
  EXPECT_EQ(run({"login", server.url(), "--token"}, "\n").code, kExitUsage);
}

TEST_F(Cli, ASignInLinkIsPrintedAlone) {
  TestServer server([](const SeenRequest& request) {
    return PlannedAnswer{.body = request.authorization == "Bearer good"
                                     ? R"({"path":"/sign-in#token=t1","token":"t1"})"
                                     : R"([])"};
  });
  environment_["SLIPWAY_TOKEN"] = "good";
  const Outcome link = run({"sign-in-link", "--url", server.url()});
  EXPECT_EQ(link.code, kExitDone) << link.err;
  EXPECT_EQ(link.out, server.url() + "/sign-in#token=t1\n");
  EXPECT_EQ(server.seen().back().target, "/api/v1/session/link");
  environment_["SLIPWAY_TOKEN"] = "other";
  EXPECT_EQ(run({"sign-in-link", "--url", server.url()}).code, kExitUnreachable) << "an odd answer";
}

TEST_F(Cli, TheLocalTokenIsNeverSentElsewhere) {
  write("data/admin.token", "local-token\n");
  Config config;
  config.data_dir = folder_ + "/data";
  EXPECT_EQ(find_access("http://127.0.0.1:9", config, environment_).bearer, "local-token");
  EXPECT_EQ(find_access("", config, environment_).bearer, "local-token");
  for (const char* url : {"http://example.com", "http://127.0.0.1.example.com",
                          "http://example.com//127.0.0.1", "http://localhost.evil"})
    EXPECT_EQ(find_access(url, config, environment_).bearer, "") << url;
  environment_["SLIPWAY_TOKEN"] = "mine";
  EXPECT_EQ(find_access("http://example.com", config, environment_).bearer, "mine");
}

const char* const kCall =
    R"({"id":"0193","started_at":"2026-11-23T14:00:00.123Z","duration_ms":12.5,"first_token_ms":null,"status":"ok",)"
    R"("use_case":"chat","environment":"dev","requested_model":"m","response_model":"m-1","error":null,)"
    R"("usage":{"input":10,"cache_read":5,"cache_write":null,"output":7,"reasoning":null},"cost_usd":"0.0012",)"
    R"("request_body":"{\"a\":1}","response_body":null})";

TEST_F(Cli, LogsSearchFollowsPages) {
  TestServer server([](const SeenRequest& request) {
    const bool second = request.target.find("cursor=c2") != std::string::npos;
    return PlannedAnswer{.body = R"({"items":[)" + std::string(kCall) +
                                 R"(],"searched_until":null,"next_cursor":)" +
                                 (second ? "null}" : "\"c2\"}")};
  });
  const Outcome outcome =
      run({"logs", "search", "two", "words", "--status", "error", "--since", "1h", "--url", server.url()});
  EXPECT_EQ(outcome.code, kExitDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("2026-11-23 14:00:00  ok"));
  EXPECT_THAT(outcome.out, HasSubstr("15 / 7"));
  EXPECT_THAT(outcome.out, HasSubstr("$0.0012"));
  ASSERT_EQ(server.seen().size(), 2u);
  EXPECT_THAT(server.seen()[0].target, HasSubstr("status=error"));
  EXPECT_THAT(server.seen()[0].target, HasSubstr("q=two%20words"));
  EXPECT_EQ(run({"logs", "search", "--from", "yesterday", "--url", server.url()}).code, kExitUsage);
}

TEST_F(Cli, ListsFollowPagesUpToTheirLimit) {
  TestServer server([](const SeenRequest& request) {
    const bool second = request.target.find("cursor=c2") != std::string::npos;
    const std::string entry = R"({"seq":)" + std::string(second ? "1" : "2") +
                              R"(,"at":"2026-11-23T14:00:00Z","action":"key.create","detail":{}})";
    return PlannedAnswer{.body = R"({"items":[)" + entry + R"(],"next_cursor":)" +
                                 (second ? "null}" : "\"c2\"}")};
  });
  const Outcome all =
      run({"audit", "list", "--limit", "501", "--actor", "ada", "--json", "--url", server.url()});
  ASSERT_EQ(all.code, kExitDone) << all.err;
  EXPECT_EQ(parse_json(all.out)->at("items").as_array().size(), 2u);
  ASSERT_EQ(server.seen().size(), 2u);
  EXPECT_EQ(server.seen()[0].target, "/api/v1/audit?actor=ada&limit=500");
  EXPECT_EQ(server.seen()[1].target, "/api/v1/audit?actor=ada&limit=500&cursor=c2");
  const Outcome one = run({"audit", "list", "--limit", "1", "--url", server.url()});
  EXPECT_THAT(one.out, HasSubstr("2026-11-23 14:00:00"));
  ASSERT_EQ(server.seen().size(), 3u) << "no more is asked for than was wanted";
  EXPECT_EQ(server.seen()[2].target, "/api/v1/audit?limit=1");
}

TEST_F(Cli, LogsShowPrintsBodies) {
  TestServer server([](const SeenRequest&) { return PlannedAnswer{.body = kCall}; });
  const Outcome outcome = run({"logs", "show", "0193", "--url", server.url()});
  EXPECT_EQ(outcome.code, kExitDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"a\": 1"));
  EXPECT_THAT(outcome.out, HasSubstr("12.5\n"));
  EXPECT_THAT(outcome.out, HasSubstr("input 10, cache_read 5, output 7\n"));
  EXPECT_THAT(outcome.out, HasSubstr("not kept"));
}

TEST_F(Cli, LogsTailFollowsEvents) {
  TestServer server([](const SeenRequest&) {
    const std::string event = "event: invocation\ndata: " + std::string(kCall) + "\n\n";
    return PlannedAnswer{.type = "text/event-stream",
                         .pieces = {": hello\n\n", event.substr(0, 30), event.substr(30),
                                    "event: skipped\ndata: {\"count\": 3}\n\n"}};
  });
  const Outcome people = run({"logs", "tail", "--use-case", "chat", "--url", server.url()});
  EXPECT_EQ(people.code, kExitUnreachable) << "the stream ended";
  EXPECT_THAT(people.out, HasSubstr("m-1"));
  EXPECT_THAT(people.err, HasSubstr("3 calls were left out"));
  EXPECT_EQ(server.seen().back().target, "/api/v1/invocations/stream?use_case=chat");
  const Outcome program = run({"logs", "tail", "--json", "--url", server.url()});
  EXPECT_EQ(parse_json(program.out)->at("id").as_string(), "0193");
  EXPECT_EQ(std::count(program.out.begin(), program.out.end(), '\n'), 1) << "one call a line";
  EXPECT_THAT(program.out, HasSubstr("\"duration_ms\":12.5,"));
}

TEST_F(Cli, LogsExportWritesTheFile) {
  TestServer server([](const SeenRequest&) {
    return PlannedAnswer{.type = "application/x-ndjson", .pieces = {"{\"a\":1}\n", "{\"a\":2}\n"}};
  });
  const std::string file = folder_ + "/out.jsonl";
  EXPECT_EQ(run({"logs", "export", "--bodies", "-o", file, "--url", server.url()}).code, kExitDone);
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(server.seen().back().target, "/api/v1/invocations/export?format=jsonl&bodies=true");
  EXPECT_EQ(run({"logs", "export", "--url", server.url()}).out, text.str());
  EXPECT_NE(run({"logs", "export", "-o", folder_ + "/none/x", "--url", server.url()}).code, kExitDone);
}

TEST_F(Cli, ControlCharactersOfAServerReachNoTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc"), "a?[2Jb c");
  EXPECT_EQ(printable("x\xc2\x9b"
                      "2J é"),
            "x?2J é");
}

TEST_F(Cli, CompletionFollowsTheCommandTree) {
  const Outcome script = run({"completion", "bash"});
  ASSERT_EQ(script.code, kExitDone);
  write("completion.bash", script.out);
  write("ask.bash",
        "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _slipway; echo "
        "\"${COMPREPLY[*]}\"\n");
  const auto complete = [&](const std::string& words) {
    const std::string command =
        "bash " + folder_ + "/ask.bash " + folder_ + "/completion.bash " + words + " > " + folder_ + "/reply";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::ifstream in(folder_ + "/reply");
    std::string line;
    std::getline(in, line);
    return line;
  };
  EXPECT_EQ(complete("slipway ke"), "key");
  EXPECT_EQ(complete("slipway key ''"), "create list revoke rotate");
  EXPECT_EQ(complete("slipway key create --env"), "--environment");
  EXPECT_EQ(complete("slipway --json logs t"), "tail");
  for (const char* shell : {"zsh", "fish"})
    EXPECT_THAT(run({"completion", shell}).out, HasSubstr("use-case"));
}

TEST(EventLines, ReadsEventsCutAnywhere) {
  const std::string text = "event: a\r\ndata: 1\r\ndata: 2\r\n\r\n: note\n\ndata:x\n\nevent: none\n\n";
  for (std::size_t step = 1; step < text.size(); ++step) {
    std::vector<std::pair<std::string, std::string>> got;
    EventLines events([&](std::string_view event, std::string_view data) { got.emplace_back(event, data); });
    for (std::size_t at = 0; at < text.size(); at += step)
      events.feed(std::string_view(text).substr(at, step));
    EXPECT_EQ(got, (std::vector<std::pair<std::string, std::string>>{{"a", "1\n2"}, {"message", "x"}}));
  }
}

}  // namespace
}  // namespace slipway::cli
