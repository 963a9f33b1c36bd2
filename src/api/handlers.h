// SPDX-License-Identifier: Apache-2.0
// One function per operation of api/openapi.yaml, grouped by file.
#pragma once

#include <span>

#include "api/request.h"
#include "governance/permissions.h"

namespace slipway::api {

using HandlerFunction = rt::Task<void> (*)(Request&);

// kSignedIn: whoever is signed in, whatever the roles.
enum class Access : std::uint8_t { kAnyone, kSignedIn, kPermitted };

// One operation. Where its path has {slug} or {owner}, and {environment}, the caller needs the permission for
// that use case and environment; what stands in the body is checked by the handler.
struct Route {
  std::string_view method;
  std::string_view path;  // after /api/v1; {name} stands for one segment
  HandlerFunction handler;
  governance::Permission permission = governance::Permission::kView;
  Access access = Access::kPermitted;
};

// Each file of handlers names its routes; the router tries the groups in turn, so within a group literal
// segments come before {…}.
std::span<const Route> core_routes();
std::span<const Route> assets_routes();
std::span<const Route> use_cases_routes();
std::span<const Route> policies_routes();
std::span<const Route> people_routes();
std::span<const Route> audit_routes();
std::span<const Route> oidc_routes();
std::span<const Route> feedback_routes();
std::span<const Route> prompts_routes();
std::span<const Route> releases_routes();
std::span<const Route> deployments_routes();
std::span<const Route> datasets_routes();
std::span<const Route> runs_routes();
std::span<const Route> gates_routes();

// session_api.cc
rt::Task<void> sign_in(Request& request);
rt::Task<void> sign_in_methods(Request& request);
rt::Task<void> get_session(Request& request);
rt::Task<void> sign_out(Request& request);
rt::Task<void> set_password(Request& request);
rt::Task<void> create_sign_in_link(Request& request);
// keys_api.cc
rt::Task<void> list_keys(Request& request);
rt::Task<void> get_key(Request& request);
rt::Task<void> create_key(Request& request);
rt::Task<void> rotate_key(Request& request);
rt::Task<void> revoke_key(Request& request);
// catalog_api.cc
rt::Task<void> list_environments(Request& request);
rt::Task<void> list_models(Request& request);
rt::Task<void> list_connections(Request& request);
// overview_api.cc
rt::Task<void> get_overview(Request& request);
// invocations_api.cc
rt::Task<void> list_invocations(Request& request);
rt::Task<void> get_invocation(Request& request);
// invocations_stream_api.cc
rt::Task<void> export_invocations(Request& request);
rt::Task<void> tail_invocations(Request& request);
// status_api.cc
rt::Task<void> get_status(Request& request);
// playground_api.cc
rt::Task<void> playground_chat(Request& request);

// feedback_api.cc: POST /v1/feedback, for applications with an API key.
rt::Task<void> serve_key_feedback(net::Exchange& exchange, gateway::Gateway& gateway, Services& services);

// Shared by the ways to sign in: Set-Cookie for a session (`max_age_s` 0 ends it), and RoleGrants of the
// contract.
std::string session_cookie(const Request& request, std::string_view value, std::int64_t max_age_s);
std::int64_t session_seconds(const Services& services);
json::array grants_json(const std::vector<governance::RoleGrant>& grants);

// Shared by the telemetry handlers: filters from from, to, environment, use_case, key, provider, model,
// status, q.
Result<telemetry::InvocationFilters> read_filters(const Request& request);
Result<std::vector<telemetry::Status>> read_statuses(std::string_view text);

}  // namespace slipway::api
