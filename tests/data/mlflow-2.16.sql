-- An SQLite tracking database as MLflow 2.16.2 made it, by its own client, and as no later version changes it.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('4465047574b1');
CREATE TABLE datasets (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
INSERT INTO "datasets" VALUES('97b1e9b6b851432391dec149f1e0e0bf',1,'wine','abc123','local','{}','{}','{"num_rows": 178}');
CREATE TABLE experiment_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE experiments (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	UNIQUE (name)
);
INSERT INTO "experiments" VALUES(0,'Default','mlflow-artifacts:/0','active',1795740156161,1795740156161);
INSERT INTO "experiments" VALUES(1,'vision','mlflow-artifacts:/1','active',1795740156233,1795740156233);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('f33ab836c2724019af631adc4f969e26','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('8a676014799846288ec3c48baceb3658','mlflow.data.context','validation');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('f33ab836c2724019af631adc4f969e26','DATASET','97b1e9b6b851432391dec149f1e0e0bf','RUN','d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "inputs" VALUES('8a676014799846288ec3c48baceb3658','DATASET','97b1e9b6b851432391dec149f1e0e0bf','RUN','0fbcb77d7141459e910693da75ad52ba');
CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "latest_metrics" VALUES('loss',0.2128,1700000023000,23,0,'d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "latest_metrics" VALUES('val_loss',0.3128,1700000023001,23,0,'d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "latest_metrics" VALUES('loss',0.2128,1700000023000,23,0,'0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "latest_metrics" VALUES('val_loss',1.0028,1700000023001,23,0,'0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "latest_metrics" VALUES('system/cpu',50.0,1700000000000,0,0,'0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "latest_metrics" VALUES('loss',0.0,1700000005000,5,1,'832d67d2e690487990ea66337650b28f');
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('loss',2.1,1700000000000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',0,0);
INSERT INTO "metrics" VALUES('loss',1.865,1700000001000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',1,0);
INSERT INTO "metrics" VALUES('loss',1.6576,1700000002000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',2,0);
INSERT INTO "metrics" VALUES('loss',1.4746,1700000003000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',3,0);
INSERT INTO "metrics" VALUES('loss',1.3131,1700000004000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',4,0);
INSERT INTO "metrics" VALUES('loss',1.1705,1700000005000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',5,0);
INSERT INTO "metrics" VALUES('loss',1.0447,1700000006000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',6,0);
INSERT INTO "metrics" VALUES('loss',0.9337,1700000007000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',7,0);
INSERT INTO "metrics" VALUES('loss',0.8358,1700000008000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',8,0);
INSERT INTO "metrics" VALUES('loss',0.7493,1700000009000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',9,0);
INSERT INTO "metrics" VALUES('loss',0.673,1700000010000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',10,0);
INSERT INTO "metrics" VALUES('loss',0.6057,1700000011000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',11,0);
INSERT INTO "metrics" VALUES('loss',0.5463,1700000012000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',12,0);
INSERT INTO "metrics" VALUES('loss',0.4938,1700000013000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',13,0);
INSERT INTO "metrics" VALUES('loss',0.4475,1700000014000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',14,0);
INSERT INTO "metrics" VALUES('loss',0.4067,1700000015000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',15,0);
INSERT INTO "metrics" VALUES('loss',0.3707,1700000016000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',16,0);
INSERT INTO "metrics" VALUES('loss',0.3389,1700000017000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',17,0);
INSERT INTO "metrics" VALUES('loss',0.3108,1700000018000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',18,0);
INSERT INTO "metrics" VALUES('loss',0.286,1700000019000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',19,0);
INSERT INTO "metrics" VALUES('loss',0.2642,1700000020000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',20,0);
INSERT INTO "metrics" VALUES('loss',0.2449,1700000021000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',21,0);
INSERT INTO "metrics" VALUES('loss',0.2279,1700000022000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',22,0);
INSERT INTO "metrics" VALUES('loss',0.2128,1700000023000,'d2a0bf8d95a749c9a4764e0ca1e9a07a',23,0);
INSERT INTO "metrics" VALUES('val_loss',2.2,1700000000001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',0,0);
INSERT INTO "metrics" VALUES('val_loss',1.965,1700000001001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',1,0);
INSERT INTO "metrics" VALUES('val_loss',1.7576,1700000002001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',2,0);
INSERT INTO "metrics" VALUES('val_loss',1.5746,1700000003001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',3,0);
INSERT INTO "metrics" VALUES('val_loss',1.4131,1700000004001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',4,0);
INSERT INTO "metrics" VALUES('val_loss',1.2705,1700000005001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',5,0);
INSERT INTO "metrics" VALUES('val_loss',1.1447,1700000006001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',6,0);
INSERT INTO "metrics" VALUES('val_loss',1.0337,1700000007001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',7,0);
INSERT INTO "metrics" VALUES('val_loss',0.9358,1700000008001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',8,0);
INSERT INTO "metrics" VALUES('val_loss',0.8493,1700000009001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',9,0);
INSERT INTO "metrics" VALUES('val_loss',0.773,1700000010001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',10,0);
INSERT INTO "metrics" VALUES('val_loss',0.7057,1700000011001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',11,0);
INSERT INTO "metrics" VALUES('val_loss',0.6463,1700000012001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',12,0);
INSERT INTO "metrics" VALUES('val_loss',0.5938,1700000013001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',13,0);
INSERT INTO "metrics" VALUES('val_loss',0.5475,1700000014001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',14,0);
INSERT INTO "metrics" VALUES('val_loss',0.5067,1700000015001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',15,0);
INSERT INTO "metrics" VALUES('val_loss',0.4707,1700000016001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',16,0);
INSERT INTO "metrics" VALUES('val_loss',0.4389,1700000017001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',17,0);
INSERT INTO "metrics" VALUES('val_loss',0.4108,1700000018001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',18,0);
INSERT INTO "metrics" VALUES('val_loss',0.386,1700000019001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',19,0);
INSERT INTO "metrics" VALUES('val_loss',0.3642,1700000020001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',20,0);
INSERT INTO "metrics" VALUES('val_loss',0.3449,1700000021001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',21,0);
INSERT INTO "metrics" VALUES('val_loss',0.3279,1700000022001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',22,0);
INSERT INTO "metrics" VALUES('val_loss',0.3128,1700000023001,'d2a0bf8d95a749c9a4764e0ca1e9a07a',23,0);
INSERT INTO "metrics" VALUES('loss',2.1,1700000000000,'0fbcb77d7141459e910693da75ad52ba',0,0);
INSERT INTO "metrics" VALUES('loss',1.865,1700000001000,'0fbcb77d7141459e910693da75ad52ba',1,0);
INSERT INTO "metrics" VALUES('loss',1.6576,1700000002000,'0fbcb77d7141459e910693da75ad52ba',2,0);
INSERT INTO "metrics" VALUES('loss',1.4746,1700000003000,'0fbcb77d7141459e910693da75ad52ba',3,0);
INSERT INTO "metrics" VALUES('loss',1.3131,1700000004000,'0fbcb77d7141459e910693da75ad52ba',4,0);
INSERT INTO "metrics" VALUES('loss',1.1705,1700000005000,'0fbcb77d7141459e910693da75ad52ba',5,0);
INSERT INTO "metrics" VALUES('loss',1.0447,1700000006000,'0fbcb77d7141459e910693da75ad52ba',6,0);
INSERT INTO "metrics" VALUES('loss',0.9337,1700000007000,'0fbcb77d7141459e910693da75ad52ba',7,0);
INSERT INTO "metrics" VALUES('loss',0.8358,1700000008000,'0fbcb77d7141459e910693da75ad52ba',8,0);
INSERT INTO "metrics" VALUES('loss',0.7493,1700000009000,'0fbcb77d7141459e910693da75ad52ba',9,0);
INSERT INTO "metrics" VALUES('loss',0.673,1700000010000,'0fbcb77d7141459e910693da75ad52ba',10,0);
INSERT INTO "metrics" VALUES('loss',0.6057,1700000011000,'0fbcb77d7141459e910693da75ad52ba',11,0);
INSERT INTO "metrics" VALUES('loss',0.5463,1700000012000,'0fbcb77d7141459e910693da75ad52ba',12,0);
INSERT INTO "metrics" VALUES('loss',0.4938,1700000013000,'0fbcb77d7141459e910693da75ad52ba',13,0);
INSERT INTO "metrics" VALUES('loss',0.4475,1700000014000,'0fbcb77d7141459e910693da75ad52ba',14,0);
INSERT INTO "metrics" VALUES('loss',0.4067,1700000015000,'0fbcb77d7141459e910693da75ad52ba',15,0);
INSERT INTO "metrics" VALUES('loss',0.3707,1700000016000,'0fbcb77d7141459e910693da75ad52ba',16,0);
INSERT INTO "metrics" VALUES('loss',0.3389,1700000017000,'0fbcb77d7141459e910693da75ad52ba',17,0);
INSERT INTO "metrics" VALUES('loss',0.3108,1700000018000,'0fbcb77d7141459e910693da75ad52ba',18,0);
INSERT INTO "metrics" VALUES('loss',0.286,1700000019000,'0fbcb77d7141459e910693da75ad52ba',19,0);
INSERT INTO "metrics" VALUES('loss',0.2642,1700000020000,'0fbcb77d7141459e910693da75ad52ba',20,0);
INSERT INTO "metrics" VALUES('loss',0.2449,1700000021000,'0fbcb77d7141459e910693da75ad52ba',21,0);
INSERT INTO "metrics" VALUES('loss',0.2279,1700000022000,'0fbcb77d7141459e910693da75ad52ba',22,0);
INSERT INTO "metrics" VALUES('loss',0.2128,1700000023000,'0fbcb77d7141459e910693da75ad52ba',23,0);
INSERT INTO "metrics" VALUES('val_loss',2.2,1700000000001,'0fbcb77d7141459e910693da75ad52ba',0,0);
INSERT INTO "metrics" VALUES('val_loss',1.995,1700000001001,'0fbcb77d7141459e910693da75ad52ba',1,0);
INSERT INTO "metrics" VALUES('val_loss',1.8176,1700000002001,'0fbcb77d7141459e910693da75ad52ba',2,0);
INSERT INTO "metrics" VALUES('val_loss',1.6646,1700000003001,'0fbcb77d7141459e910693da75ad52ba',3,0);
INSERT INTO "metrics" VALUES('val_loss',1.5331,1700000004001,'0fbcb77d7141459e910693da75ad52ba',4,0);
INSERT INTO "metrics" VALUES('val_loss',1.4205,1700000005001,'0fbcb77d7141459e910693da75ad52ba',5,0);
INSERT INTO "metrics" VALUES('val_loss',1.3247,1700000006001,'0fbcb77d7141459e910693da75ad52ba',6,0);
INSERT INTO "metrics" VALUES('val_loss',1.2437,1700000007001,'0fbcb77d7141459e910693da75ad52ba',7,0);
INSERT INTO "metrics" VALUES('val_loss',1.1758,1700000008001,'0fbcb77d7141459e910693da75ad52ba',8,0);
INSERT INTO "metrics" VALUES('val_loss',1.1193,1700000009001,'0fbcb77d7141459e910693da75ad52ba',9,0);
INSERT INTO "metrics" VALUES('val_loss',1.073,1700000010001,'0fbcb77d7141459e910693da75ad52ba',10,0);
INSERT INTO "metrics" VALUES('val_loss',1.0357,1700000011001,'0fbcb77d7141459e910693da75ad52ba',11,0);
INSERT INTO "metrics" VALUES('val_loss',1.0063,1700000012001,'0fbcb77d7141459e910693da75ad52ba',12,0);
INSERT INTO "metrics" VALUES('val_loss',0.9838,1700000013001,'0fbcb77d7141459e910693da75ad52ba',13,0);
INSERT INTO "metrics" VALUES('val_loss',0.9675,1700000014001,'0fbcb77d7141459e910693da75ad52ba',14,0);
INSERT INTO "metrics" VALUES('val_loss',0.9567,1700000015001,'0fbcb77d7141459e910693da75ad52ba',15,0);
INSERT INTO "metrics" VALUES('val_loss',0.9507,1700000016001,'0fbcb77d7141459e910693da75ad52ba',16,0);
INSERT INTO "metrics" VALUES('val_loss',0.9489,1700000017001,'0fbcb77d7141459e910693da75ad52ba',17,0);
INSERT INTO "metrics" VALUES('val_loss',0.9508,1700000018001,'0fbcb77d7141459e910693da75ad52ba',18,0);
INSERT INTO "metrics" VALUES('val_loss',0.956,1700000019001,'0fbcb77d7141459e910693da75ad52ba',19,0);
INSERT INTO "metrics" VALUES('val_loss',0.9642,1700000020001,'0fbcb77d7141459e910693da75ad52ba',20,0);
INSERT INTO "metrics" VALUES('val_loss',0.9749,1700000021001,'0fbcb77d7141459e910693da75ad52ba',21,0);
INSERT INTO "metrics" VALUES('val_loss',0.9879,1700000022001,'0fbcb77d7141459e910693da75ad52ba',22,0);
INSERT INTO "metrics" VALUES('val_loss',1.0028,1700000023001,'0fbcb77d7141459e910693da75ad52ba',23,0);
INSERT INTO "metrics" VALUES('system/cpu',50.0,1700000000000,'0fbcb77d7141459e910693da75ad52ba',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'832d67d2e690487990ea66337650b28f',0,0);
INSERT INTO "metrics" VALUES('loss',2.0,1700000001000,'832d67d2e690487990ea66337650b28f',1,0);
INSERT INTO "metrics" VALUES('loss',50.0,1700000002000,'832d67d2e690487990ea66337650b28f',2,0);
INSERT INTO "metrics" VALUES('loss',1.79769313486231562234e+308,1700000003000,'832d67d2e690487990ea66337650b28f',3,0);
INSERT INTO "metrics" VALUES('loss',0.0,1700000004000,'832d67d2e690487990ea66337650b28f',4,1);
INSERT INTO "metrics" VALUES('loss',0.0,1700000005000,'832d67d2e690487990ea66337650b28f',5,1);
CREATE TABLE model_version_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY ("key", name, version), 
	FOREIGN KEY(name, version) REFERENCES model_versions (name, version) ON UPDATE cascade
);
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), storage_location VARCHAR(500), 
	CONSTRAINT model_version_pk PRIMARY KEY (name, version), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE CASCADE
);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.1','d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "params" VALUES('optimizer','sgd','d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "params" VALUES('lr','0.1','0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "params" VALUES('optimizer','adam','0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "params" VALUES('lr','10','832d67d2e690487990ea66337650b28f');
INSERT INTO "params" VALUES('lr','0.1','57a0cf5f0e1b464a8c834497f1c82680');
CREATE TABLE registered_model_aliases (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (name, alias), 
	CONSTRAINT registered_model_alias_name_fkey FOREIGN KEY(name) REFERENCES registered_models (name) ON DELETE cascade ON UPDATE cascade
);
CREATE TABLE registered_model_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY ("key", name), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE cascade
);
CREATE TABLE registered_models (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	CONSTRAINT registered_model_pk PRIMARY KEY (name), 
	UNIQUE (name)
);
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('d2a0bf8d95a749c9a4764e0ca1e9a07a','healthy','UNKNOWN','','','ada','FINISHED',1700000000000,1700000100000,'','active','mlflow-artifacts:/1/d2a0bf8d95a749c9a4764e0ca1e9a07a/artifacts',1,NULL);
INSERT INTO "runs" VALUES('0fbcb77d7141459e910693da75ad52ba','overfitting','UNKNOWN','','','ada','FINISHED',1700000000000,1700000100000,'','active','mlflow-artifacts:/1/0fbcb77d7141459e910693da75ad52ba/artifacts',1,NULL);
INSERT INTO "runs" VALUES('832d67d2e690487990ea66337650b28f','diverged','UNKNOWN','','','ada','FAILED',1700000000000,1700000100000,'','active','mlflow-artifacts:/1/832d67d2e690487990ea66337650b28f/artifacts',1,NULL);
INSERT INTO "runs" VALUES('2c72e1b4e1a940bea51ea898f4b4bc5e','empty','UNKNOWN','','','ada','FINISHED',1700000000000,1700000100000,'','active','mlflow-artifacts:/1/2c72e1b4e1a940bea51ea898f4b4bc5e/artifacts',1,NULL);
INSERT INTO "runs" VALUES('57a0cf5f0e1b464a8c834497f1c82680','deleted','UNKNOWN','','','ada','FINISHED',1700000000000,1700000100000,'','deleted','mlflow-artifacts:/1/57a0cf5f0e1b464a8c834497f1c82680/artifacts',1,1795740156804);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','ada','d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "tags" VALUES('team','red','d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "tags" VALUES('mlflow.runName','healthy','d2a0bf8d95a749c9a4764e0ca1e9a07a');
INSERT INTO "tags" VALUES('mlflow.user','ada','0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "tags" VALUES('team','Red','0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "tags" VALUES('note','two
lines','0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "tags" VALUES('mlflow.runName','overfitting','0fbcb77d7141459e910693da75ad52ba');
INSERT INTO "tags" VALUES('mlflow.user','ada','832d67d2e690487990ea66337650b28f');
INSERT INTO "tags" VALUES('mlflow.runName','diverged','832d67d2e690487990ea66337650b28f');
INSERT INTO "tags" VALUES('mlflow.user','ada','2c72e1b4e1a940bea51ea898f4b4bc5e');
INSERT INTO "tags" VALUES('mlflow.runName','empty','2c72e1b4e1a940bea51ea898f4b4bc5e');
INSERT INTO "tags" VALUES('mlflow.user','ada','57a0cf5f0e1b464a8c834497f1c82680');
INSERT INTO "tags" VALUES('mlflow.runName','deleted','57a0cf5f0e1b464a8c834497f1c82680');
CREATE TABLE trace_info (
	request_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	timestamp_ms BIGINT NOT NULL, 
	execution_time_ms BIGINT, 
	status VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_info_pk PRIMARY KEY (request_id), 
	CONSTRAINT fk_trace_info_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE "trace_request_metadata" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_request_metadata_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_request_metadata_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE "trace_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_tag_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_tags_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_trace_info_experiment_id_timestamp_ms ON trace_info (experiment_id, timestamp_ms);
CREATE INDEX index_trace_tags_request_id ON trace_tags (request_id);
CREATE INDEX index_trace_request_metadata_request_id ON trace_request_metadata (request_id);
COMMIT;
