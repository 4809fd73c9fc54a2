BEGIN TRANSACTION;
CREATE TABLE attempts (
	run VARCHAR(32) NOT NULL, 
	batch INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	places TEXT NOT NULL, 
	body_sha256 VARCHAR(64) NOT NULL, 
	started VARCHAR(40) NOT NULL, 
	finished VARCHAR(40), 
	verdict VARCHAR(16), 
	status INTEGER, 
	detail TEXT, 
	answer TEXT, 
	PRIMARY KEY (run, batch, number)
);
CREATE TABLE batches (
	run VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	"group" VARCHAR(256) NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	body BLOB NOT NULL, 
	body_sha256 VARCHAR(64) NOT NULL, 
	baseline TEXT, 
	baseline_at VARCHAR(40), 
	PRIMARY KEY (run, number)
);
INSERT INTO "batches" VALUES('bbbbbbbbbbbbbbbb',1,'','[imp:bbbbbbbb-0001]',X'7B2267726F7570223A2022222C20226974656D73223A205B7B226B6579223A20226B30222C20226E223A20317D2C207B226B6579223A20226B31222C20226E223A20327D5D7D','a38a22b5b94e4a0b828cea8afd8086ec290f6e553c1557c399947c07749cae5f',NULL,NULL);
INSERT INTO "batches" VALUES('aaaaaaaaaaaaaaaa',1,'','[imp:aaaaaaaa-0001]',X'7B2267726F7570223A2022222C20226974656D73223A205B7B226B6579223A20226B30222C20226E223A20317D2C207B226B6579223A20226B31222C20226E223A20327D5D7D','a38a22b5b94e4a0b828cea8afd8086ec290f6e553c1557c399947c07749cae5f',NULL,NULL);
CREATE TABLE findings (
	run VARCHAR(32) NOT NULL, 
	place INTEGER NOT NULL, 
	finding TEXT NOT NULL, 
	PRIMARY KEY (run, place)
);
CREATE TABLE items (
	run VARCHAR(32) NOT NULL, 
	place INTEGER NOT NULL, 
	batch INTEGER NOT NULL, 
	item_id VARCHAR(48) NOT NULL, 
	key_id VARCHAR(32) NOT NULL, 
	"key" TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	ambiguous BOOLEAN NOT NULL, 
	doubts INTEGER NOT NULL, 
	reason TEXT, 
	vendor_id TEXT, 
	data TEXT, 
	inferred BOOLEAN NOT NULL, 
	evidence TEXT, 
	PRIMARY KEY (run, place)
);
INSERT INTO "items" VALUES('bbbbbbbbbbbbbbbb',0,1,'f24b58bdc746c62f1c42858738e5ebc5','k','["k0"]','{"key":"k0","n":1}','planned',0,0,NULL,NULL,NULL,0,NULL);
INSERT INTO "items" VALUES('bbbbbbbbbbbbbbbb',1,1,'7dc300f00c7563740345b4577f937c75','k','["k1"]','{"key":"k1","n":2}','planned',0,0,NULL,NULL,NULL,0,NULL);
INSERT INTO "items" VALUES('aaaaaaaaaaaaaaaa',0,1,'f24b58bdc746c62f1c42858738e5ebc5','k','["k0"]','{"key":"k0","n":1}','planned',0,0,NULL,NULL,NULL,0,NULL);
INSERT INTO "items" VALUES('aaaaaaaaaaaaaaaa',1,1,'7dc300f00c7563740345b4577f937c75','k','["k1"]','{"key":"k1","n":2}','planned',0,0,NULL,NULL,NULL,0,NULL);
CREATE TABLE looks (
	run VARCHAR(32) NOT NULL, 
	batch INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	sightings TEXT NOT NULL, 
	PRIMARY KEY (run, batch, number)
);
CREATE TABLE meta (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE rows (
	run VARCHAR(32) NOT NULL, 
	place INTEGER NOT NULL, 
	number INTEGER, 
	cells TEXT NOT NULL, 
	outcome VARCHAR(16), 
	reasons TEXT, 
	derived TEXT, 
	item INTEGER, 
	PRIMARY KEY (run, place)
);
INSERT INTO "rows" VALUES('bbbbbbbbbbbbbbbb',0,2,'["00123",1.5,null]',NULL,NULL,NULL,0);
INSERT INTO "rows" VALUES('bbbbbbbbbbbbbbbb',1,3,'["00123",1.5,null]',NULL,NULL,NULL,1);
INSERT INTO "rows" VALUES('aaaaaaaaaaaaaaaa',0,2,'["00123",1.5,null]',NULL,NULL,NULL,0);
INSERT INTO "rows" VALUES('aaaaaaaaaaaaaaaa',1,3,'["00123",1.5,null]',NULL,NULL,NULL,1);
CREATE TABLE runs (
	id VARCHAR(32) NOT NULL, 
	destination VARCHAR(64) NOT NULL, 
	profile VARCHAR(128) NOT NULL, 
	account VARCHAR(256) NOT NULL, 
	file TEXT NOT NULL, 
	file_sha256 VARCHAR(64) NOT NULL, 
	content VARCHAR(64) NOT NULL, 
	facts TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	started VARCHAR(40) NOT NULL, 
	finished VARCHAR(40), 
	exit_code INTEGER, 
	stopped TEXT, 
	closed_by VARCHAR(32), 
	planned INTEGER NOT NULL, 
	sent INTEGER NOT NULL, 
	reads INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('bbbbbbbbbbbbbbbb','simulated.totals','default','acme','x.xlsx','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','{"headers":["Código"],"price":1000.125}','planned','2026-03-02T13:00:00.000000+00:00',NULL,NULL,NULL,NULL,1,0,0);
INSERT INTO "runs" VALUES('aaaaaaaaaaaaaaaa','simulated.totals','default','acme','x.xlsx','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','{"headers":["Código"],"price":1000.125}','planned','2026-03-02T12:00:00.000000+00:00',NULL,NULL,NULL,NULL,1,0,0);
CREATE TABLE words (
	run VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	who TEXT NOT NULL, 
	applied BOOLEAN NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (run, number)
);
CREATE INDEX runs_by_account ON runs (account, destination, started);
CREATE INDEX items_by_state ON items (run, state);
CREATE INDEX items_by_key ON items (key_id);
CREATE INDEX items_by_batch ON items (run, batch);
COMMIT;
