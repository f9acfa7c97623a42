/** The messages of users, operations and monitoring. */
export const users = `
syntax = "proto3";
package event_store.client.users;

// Each method's request has some of these fields; their numbers agree, except for passwords.
message UserReq { Options options = 1; message Options { string login_name = 1; } }
message CreateReq {
  Options options = 1;
  message Options { string login_name = 1; string password = 2; string full_name = 3; repeated string groups = 4; }
}
message ChangePasswordReq {
  Options options = 1;
  message Options { string login_name = 1; string current_password = 2; string new_password = 3; }
}
message ResetPasswordReq { Options options = 1; message Options { string login_name = 1; string new_password = 2; } }
message DetailsResp {
  UserDetails user_details = 1;
  message UserDetails {
    string login_name = 1;
    string full_name = 2;
    repeated string groups = 3;
    DateTime last_updated = 4;
    bool disabled = 5;
  }
  message DateTime { int64 ticks_since_epoch = 1; }
}
`;

export const operations = `
syntax = "proto3";
package event_store.client.operations;

message SetNodePriorityReq { int32 priority = 1; }
message StartScavengeReq { Options options = 1; message Options { int32 thread_count = 1; int32 start_from_chunk = 2; } }
message StopScavengeReq { Options options = 1; message Options { string scavenge_id = 1; } }
message ScavengeResp { string scavenge_id = 1; int32 scavenge_result = 2; }
`;

export const monitoring = `
syntax = "proto3";
package event_store.client.monitoring;

message StatsReq { bool use_metadata = 1; uint64 refresh_time_period_in_ms = 4; }
message StatsResp { map<string, string> stats = 1; }
`;
