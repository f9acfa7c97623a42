import { monitoring, operations, users } from './admin-definitions.ts';
import { persistentSubscriptions } from './persistent-definitions.ts';
import { projections } from './projections-definitions.ts';

// The messages of EventStoreDB's gRPC protocol that this server understands, written from the published
// field numbers. Fields that no answer carries are left out: protobuf skips what it does not know.

const shared = `
syntax = "proto3";
package event_store.client;

message Empty {}
message UUID {
  message Structured { int64 most_significant_bits = 1; int64 least_significant_bits = 2; }
  oneof value { Structured structured = 1; string string = 2; }
}
message StreamIdentifier { bytes stream_name = 3; }
message AllStreamPosition { uint64 commit_position = 1; uint64 prepare_position = 2; }
message WrongExpectedVersion {
  oneof current_stream_revision_option { uint64 current_stream_revision = 1; Empty current_no_stream = 2; }
  oneof expected_stream_position_option {
    uint64 expected_stream_position = 3;
    Empty expected_any = 4;
    Empty expected_stream_exists = 5;
    Empty expected_no_stream = 6;
  }
}
message StreamDeleted { StreamIdentifier stream_identifier = 1; }
message MaximumAppendSizeExceeded { uint32 max_append_size = 1; }
message MaximumAppendEventSizeExceeded { string event_id = 1; uint32 proposed_event_size = 2; uint32 max_append_event_size = 3; }
message BadRequest { string message = 1; }
`;

const google = `
syntax = "proto3";
package google;

message Any { string type_url = 1; bytes value = 2; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
// EventStoreDB's own form: one detail, where everybody else's has a list.
message Status { int32 code = 1; string message = 2; Any details = 3; }
`;

const reading = `
syntax = "proto3";
package event_store.client.streams;

message ReadReq {
  Options options = 1;
  message Options {
    oneof stream_option { StreamOptions stream = 1; AllOptions all = 2; }
    uint32 read_direction = 3;
    bool resolve_links = 4;
    oneof count_option { uint64 count = 5; Empty subscription = 6; }
    oneof filter_option { FilterOptions filter = 7; Empty no_filter = 8; }
    UUIDOption uuid_option = 9;
    ControlOption control_option = 10;
  }
  message StreamOptions {
    StreamIdentifier stream_identifier = 1;
    oneof revision_option { uint64 revision = 2; Empty start = 3; Empty end = 4; }
  }
  message AllOptions {
    oneof all_option { AllStreamPosition position = 1; Empty start = 2; Empty end = 3; }
  }
  message FilterOptions {
    oneof filter { Expression stream_identifier = 1; Expression event_type = 2; }
    oneof window { uint32 max = 3; Empty count = 4; }
    uint32 checkpoint_interval_multiplier = 5;
    message Expression { string regex = 1; repeated string prefix = 2; }
  }
  message UUIDOption { oneof content { Empty structured = 1; Empty string = 2; } }
  message ControlOption { uint32 compatibility = 1; }
}
message ReadResp {
  oneof content {
    ReadEvent event = 1;
    SubscriptionConfirmation confirmation = 2;
    AllStreamPosition checkpoint = 3;
    StreamNotFound stream_not_found = 4;
    uint64 first_stream_position = 5;
    uint64 last_stream_position = 6;
    CaughtUp caught_up = 8;
  }
  message ReadEvent {
    RecordedEvent event = 1;
    RecordedEvent link = 2;
    oneof position { uint64 commit_position = 3; Empty no_position = 4; }
  }
  message RecordedEvent {
    UUID id = 1;
    StreamIdentifier stream_identifier = 2;
    uint64 stream_revision = 3;
    uint64 prepare_position = 4;
    uint64 commit_position = 5;
    map<string, string> metadata = 6;
    bytes custom_metadata = 7;
    bytes data = 8;
  }
  message SubscriptionConfirmation { string subscription_id = 1; }
  message StreamNotFound { StreamIdentifier stream_identifier = 1; }
  // Empty until KurrentDB, whose clients look for the time.
  message CaughtUp { google.Timestamp timestamp = 1; optional int64 stream_revision = 2; optional AllStreamPosition position = 3; }
}
`;

const writing = `
syntax = "proto3";
package event_store.client.streams;

message ProposedMessage { UUID id = 1; map<string, string> metadata = 2; bytes custom_metadata = 3; bytes data = 4; }

message AppendReq {
  oneof content { Options options = 1; ProposedMessage proposed_message = 2; }
  message Options {
    StreamIdentifier stream_identifier = 1;
    oneof expected { uint64 revision = 2; Empty no_stream = 3; Empty any = 4; Empty stream_exists = 5; }
  }
}
message AppendResp {
  oneof result { Success success = 1; WrongExpectedVersion wrong_expected_version = 2; }
  message Success {
    oneof current { uint64 current_revision = 1; Empty no_stream = 2; }
    oneof position_option { AllStreamPosition position = 3; Empty no_position = 4; }
  }
  message WrongExpectedVersion {
    oneof current { uint64 current_revision = 6; Empty current_no_stream = 7; }
    oneof expected {
      uint64 expected_revision = 8;
      Empty expected_any = 9;
      Empty expected_stream_exists = 10;
      Empty expected_no_stream = 11;
    }
  }
}
message BatchAppendReq {
  UUID correlation_id = 1;
  Options options = 2;
  repeated ProposedMessage proposed_messages = 3;
  bool is_final = 4;
  message Options {
    StreamIdentifier stream_identifier = 1;
    oneof expected { uint64 stream_position = 2; Empty no_stream = 3; Empty any = 4; Empty stream_exists = 5; }
    oneof deadline_option { google.Timestamp deadline_at = 6; google.Duration deadline = 7; }
  }
}
message BatchAppendResp {
  UUID correlation_id = 1;
  oneof result { google.Status error = 2; AppendResp.Success success = 3; }
  StreamIdentifier stream_identifier = 4;
}
// Tombstone's request and answer have the same shape.
message DeleteReq { AppendReq.Options options = 1; }
message DeleteResp { oneof position_option { AllStreamPosition position = 1; Empty no_position = 2; } }
`;

const cluster = `
syntax = "proto3";
package event_store.client;

message SupportedMethods {
  repeated SupportedMethod methods = 1;
  string event_store_server_version = 2;
  message SupportedMethod { string method_name = 1; string service_name = 2; repeated string features = 3; }
}
message ClusterInfo { repeated MemberInfo members = 1; }
message MemberInfo {
  UUID instance_id = 1;
  int64 time_stamp = 2;
  uint32 state = 3;
  bool is_alive = 4;
  EndPoint http_end_point = 5;
}
message EndPoint { string address = 1; uint32 port = 2; }
`;

export const definitions: readonly string[] = [
  shared,
  google,
  reading,
  writing,
  cluster,
  persistentSubscriptions,
  projections,
  users,
  operations,
  monitoring,
];
