-- SPDX-License-Identifier: Apache-2.0
-- A telemetry database of version 1 (sqlite3 .dump): three answered calls and one that was refused, without
-- releases. Only its position in the spool is set back to the beginning.
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO names VALUES(1,'getting-started');
INSERT INTO names VALUES(2,'dev');
INSERT INTO names VALUES(3,'key_01a212c2-c8a5-75c0-ae75-c62f5d394db8');
INSERT INTO names VALUES(4,'simulated');
INSERT INTO names VALUES(5,'simulated/simulated-small');
INSERT INTO names VALUES(6,'first key');
INSERT INTO names VALUES(7,'chat');
INSERT INTO names VALUES(8,'openai');
INSERT INTO names VALUES(9,'stop');
INSERT INTO names VALUES(10,'invalid_value');
CREATE TABLE key_names (key INTEGER PRIMARY KEY, name INTEGER NOT NULL);
INSERT INTO key_names VALUES(3,6);
CREATE TABLE progress (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  segment INTEGER NOT NULL, byte INTEGER NOT NULL,
  next_sequence INTEGER NOT NULL, next_block INTEGER NOT NULL);
INSERT INTO progress VALUES(1,0,0,5,2);
CREATE TABLE invocations (
  sequence INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  started INTEGER NOT NULL, duration INTEGER NOT NULL, first_token INTEGER NOT NULL, upstream INTEGER NOT NULL,
  connect INTEGER NOT NULL, queue INTEGER NOT NULL,
  status INTEGER NOT NULL, http_status INTEGER NOT NULL, upstream_status INTEGER NOT NULL,
  attempts INTEGER NOT NULL, flags INTEGER NOT NULL,
  operation INTEGER NOT NULL, surface INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL,
  key INTEGER NOT NULL, key_name INTEGER NOT NULL, release INTEGER NOT NULL, provider INTEGER NOT NULL,
  connection INTEGER NOT NULL, model INTEGER NOT NULL, response_model INTEGER NOT NULL,
  finish_reason INTEGER NOT NULL, error_code INTEGER NOT NULL,
  requested_model TEXT NOT NULL, error_message TEXT NOT NULL, request_id TEXT NOT NULL, trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL, parent_span_id TEXT NOT NULL, end_user TEXT NOT NULL, peer TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  block INTEGER, body_offset INTEGER, body_length INTEGER,
  input_preview TEXT NOT NULL, output_preview TEXT NOT NULL);
INSERT INTO invocations VALUES(1,X'01a212c2f9b475d4827ed53d6290f2e4',1795611097524050,914,-1,755,102,91,0,200,200,1,0,7,8,1,2,3,6,0,4,4,5,5,9,0,'simulated-small','','','892672c109bca6ccc9ec81e97a1476e9','0bf8243d31b22281','','','127.0.0.1','curl/7.88.1',12,0,-1,49,0,-1,-1,208000,1,0,720,'Hello number 1!','This is a simulated answer: no model was called. Slipway''s built-in provider received 1 message (12 tokens) for simulated-small. The last message was: “Hello number 1!”. Connect a real provider to get');
INSERT INTO invocations VALUES(2,X'01a212c2f9bd74a48e7a0a8b2594f116',1795611097533966,253,-1,186,0,30,0,200,200,1,0,7,8,1,2,3,6,0,4,4,5,5,9,0,'simulated-small','','','70cf66844d221930fb99824353909b09','19a0899ba0e3967b','','','127.0.0.1','curl/7.88.1',12,0,-1,49,0,-1,-1,208000,1,720,720,'Hello number 2!','This is a simulated answer: no model was called. Slipway''s built-in provider received 1 message (12 tokens) for simulated-small. The last message was: “Hello number 2!”. Connect a real provider to get');
INSERT INTO invocations VALUES(3,X'01a212c2f9c771258de8eaebbdcda627',1795611097543962,221,-1,154,0,32,0,200,200,1,0,7,8,1,2,3,6,0,4,4,5,5,9,0,'simulated-small','','','5b59ed99feec3730df2c4d74d0c4e967','677f02ded04275bd','','','127.0.0.1','curl/7.88.1',12,0,-1,49,0,-1,-1,208000,1,1440,720,'Hello number 3!','This is a simulated answer: no model was called. Slipway''s built-in provider received 1 message (12 tokens) for simulated-small. The last message was: “Hello number 3!”. Connect a real provider to get');
INSERT INTO invocations VALUES(4,X'01a212c2f9d2705eabafab1ce1e9f475',1795611097554413,1432,-1,-1,-1,-1,1,400,0,0,0,7,8,1,2,3,6,0,0,0,0,0,0,10,'','messages: ''messages'' is missing. send the conversation as an array of messages','','05043262affb2b9cb1d77423607844a3','58f0d6d06b8c43f3','','','127.0.0.1','curl/7.88.1',-1,-1,-1,-1,-1,-1,-1,-1,1,2160,207,'','');
CREATE TABLE trace_groups (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, bloom BLOB NOT NULL);
INSERT INTO trace_groups VALUES(1,4,X'aa065160d4250848');
CREATE TABLE blocks (
  block INTEGER PRIMARY KEY, environment INTEGER NOT NULL, day INTEGER NOT NULL,
  records INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL);
INSERT INTO blocks VALUES(1,2,20782,4,2367,588);
CREATE TABLE block_words (block INTEGER PRIMARY KEY, bloom BLOB NOT NULL);
INSERT INTO block_words VALUES(1,X'532875b05dc0dcc400dadbba90671c43227279abe54d3ba069c0d3ed55281b1a5c8fc9d4540478dc1837e8e9c4b8c1d620aa920542e134824d8c0005a55500cf664acde3f422460c2909e286831164b498fea6063a883297a122fe9326005b558cf8650a');
CREATE TABLE block_data (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
INSERT INTO block_data VALUES(1,X'28b52ffd603f0815120086e570346069da0630681004412a825d2ec9e24642d1ac6d567ba5abb3c9528a9cecfb4807fb48b03484888c9686b467ec845f10eac7af016200600062002c27ac1ea5683aa43a67e04c5eec5ca3388c61cbc2160bc68189e037442972b521c78d1f646a61422551f100b6d49d68923b63f404bc8dabf42aa7e35d4cfd27dec61e27652a621bbf37fadf23dec53176f40dcf6bc72982cfdb38fa9b11530b1402743e5be0a537987515466097ed730774e774a93fe898545a091b6a8493b3cf30d10f0946058b3c8fb1dd7e3f76a7dc46fdf1b2777b1fee4308821757d9f5e17f73e395347ee04f42a6221abf3b3821c70616d3248c3d38340c6bfcbcb653c72b55d590b04a9e43ae1d538d3fc2aefe188b3dc4aeb3f26a165e0a6bcca85234a934f192a8589af5b9b19cdf4e19d043091f5eef4c2a3566e455c538c9c6b17f7a9cf262e4ab3776d6d84eb7b73a9772225824024505048a8a6ddf8ffa1dd72188450255c53ec576bca8694bbc18f57d72e094f1606c8784dcd8a589ca8bff993bd194f6cadeef9513d67eea0e39dd3a54f749ff451a12fec3681f2e03c3b6a71ad349a933a520a112b0b0f045599265c134ee691c4f0e2c0228cc3d0c639d300a4b9e862d0a802f2060a241553a1dd5b07c200dec8f665fe0214e0bd91e929d24805ddb2fc407aa4c8e55802df2e91e52991caac0d942a66d0e9b99910698e5009684bd16e1b774152dfa65e5b26171c6e687c4450f0f7200c428f9dc825a7bac971e6204e97bd16042c25bead23eea4ece08168d34af08f472b276d02ce4295646a5');
CREATE TABLE wide_minute (
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model)) WITHOUT ROWID;
INSERT INTO wide_minute VALUES(1795611060000000,1,2,0,3,4,5,3,36,0,0,147,0,0,0,624000,0,1388,X'770108013a01',X'');
INSERT INTO wide_minute VALUES(1795611060000000,1,2,1,3,0,0,1,0,0,0,0,0,0,0,0,1,1432,X'cc0101',X'');
CREATE TABLE wide_hour (
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model)) WITHOUT ROWID;
INSERT INTO wide_hour VALUES(1795608000000000,1,2,0,3,4,5,3,36,0,0,147,0,0,0,624000,0,1388,X'770108013a01',X'');
INSERT INTO wide_hour VALUES(1795608000000000,1,2,1,3,0,0,1,0,0,0,0,0,0,0,0,1,1432,X'cc0101',X'');
CREATE TABLE wide_day (
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model)) WITHOUT ROWID;
INSERT INTO wide_day VALUES(1795564800000000,1,2,0,3,4,5,3,36,0,0,147,0,0,0,624000,0,1388,X'770108013a01',X'');
INSERT INTO wide_day VALUES(1795564800000000,1,2,1,3,0,0,1,0,0,0,0,0,0,0,0,1,1432,X'cc0101',X'');
CREATE TABLE slim_minute (
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model)) WITHOUT ROWID;
INSERT INTO slim_minute VALUES(1795611060000000,1,2,0,0,0,0,3,36,0,0,147,0,0,0,624000,0,1388,X'770108013a01',X'');
INSERT INTO slim_minute VALUES(1795611060000000,1,2,1,0,0,0,1,0,0,0,0,0,0,0,0,1,1432,X'cc0101',X'');
CREATE TABLE slim_hour (
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model)) WITHOUT ROWID;
INSERT INTO slim_hour VALUES(1795608000000000,1,2,0,0,0,0,3,36,0,0,147,0,0,0,624000,0,1388,X'770108013a01',X'');
INSERT INTO slim_hour VALUES(1795608000000000,1,2,1,0,0,0,1,0,0,0,0,0,0,0,0,1,1432,X'cc0101',X'');
CREATE TABLE slim_day (
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model)) WITHOUT ROWID;
INSERT INTO slim_day VALUES(1795564800000000,1,2,0,0,0,0,3,36,0,0,147,0,0,0,624000,0,1388,X'770108013a01',X'');
INSERT INTO slim_day VALUES(1795564800000000,1,2,1,0,0,0,1,0,0,0,0,0,0,0,0,1,1432,X'cc0101',X'');
CREATE UNIQUE INDEX invocations_by_id ON invocations (id);
CREATE INDEX invocations_by_start ON invocations (started);
CREATE INDEX invocations_by_use_case ON invocations (use_case, started);
CREATE INDEX invocations_by_environment ON invocations (environment, started);
CREATE INDEX invocations_by_key ON invocations (key, started);
CREATE INDEX invocations_by_model ON invocations (model, started);
CREATE INDEX invocations_by_failure ON invocations (status, started) WHERE status <> 0;
CREATE INDEX invocations_by_end_user ON invocations (end_user, started) WHERE end_user <> '';
CREATE INDEX invocations_by_request_id ON invocations (request_id) WHERE request_id <> '';
CREATE INDEX blocks_by_day ON blocks (environment, day, raw_bytes);
COMMIT;
