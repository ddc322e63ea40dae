-- SPDX-License-Identifier: BSD-2-Clause
--
-- database.sql: builds a database of about 50 MB in t.db and asks it things.
PRAGMA journal_mode = WAL;
PRAGMA mmap_size = 67108864;
CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, name TEXT, body TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE i < 260000)
INSERT INTO t SELECT i, (i * 7919) % 100003, printf('name %08d', i * 31 % 99991),
    printf('%.*c %d', 100 + i % 40, 'abcdefghij', i) FROM n;
COMMIT;
CREATE INDEX t_k ON t(k);
CREATE INDEX t_name ON t(name);
SELECT count(*), sum(k), min(name), max(name) FROM t;
SELECT k, count(*) AS c FROM t GROUP BY k ORDER BY c DESC, k LIMIT 5;
SELECT a.id, b.id FROM t a JOIN t b ON a.k = b.id AND b.k = a.id LIMIT 5;
SELECT name, length(body) FROM t WHERE name LIKE 'name 0001%' ORDER BY id LIMIT 5;
UPDATE t SET body = upper(body) WHERE k % 10 = 3;
DELETE FROM t WHERE id % 50 = 0;
SELECT count(*), sum(length(body)), count(DISTINCT k) FROM t;
SELECT group_concat(name, ',') FROM (SELECT name FROM t ORDER BY body DESC, id
    LIMIT 5);
PRAGMA integrity_check;
PRAGMA wal_checkpoint(TRUNCATE);
