import { describe, expect, test } from 'vitest'
import { forbiddenEngine } from './forbidden.ts'
import { tokens } from './tokens.ts'

const refused = (sql: string) => forbiddenEngine([...tokens(sql)])

describe('the engine that a statement names', () => {
  test.each([
    ['CREATE TABLE q (query String) ENGINE=QueryRunner', 'QueryRunner'],
    ['create table q (query String) engine QueryRunner', 'QueryRunner'],
    ['CREATE TABLE q (a Int8) ENGINE /* x */ = -- y\n `QueryRunner`', 'QueryRunner'],
    ['CREATE TABLE q (a Int8) ENGINE = "Query\\x52unner"', 'Query\\x52unner'],
    ["CREATE TABLE q (a Int8) ENGINE = 'QueryRunner'", 'QueryRunner'],
    ['CREATE TABLE q (a Int8) ENGINE = {e:Identifier}', '{'],
    ['CREATE TABLE q (a Int8) ENGINE', ''],
    ["ATTACH TABLE q (a Int8) ENGINE = EmbeddedRocksDB(0, '/x')", 'EmbeddedRocksDB'],
    ["REPLACE TABLE q (a Int8) ENGINE = EmbeddedRocksDB(0, '/x')", 'EmbeddedRocksDB'],
    ['CREATE TEMPORARY TABLE q (query String) ENGINE = QueryRunner', 'QueryRunner'],
    ['CREATE MATERIALIZED VIEW v ENGINE = QueryRunner AS SELECT query FROM t', 'QueryRunner'],
    ['CREATE WINDOW VIEW v INNER ENGINE QueryRunner ENGINE Memory AS SELECT 1', 'QueryRunner'],
    ['CREATE TABLE a (a Int8) ENGINE = Memory PARALLEL WITH CREATE TABLE b (a Int8) ENGINE = KeeperMap', 'KeeperMap'],
    ['INSERT INTO t SELECT 1 PARALLEL WITH CREATE TABLE b (a Int8) ENGINE = Alias', 'Alias'],
    ["CREATE DATABASE d ENGINE = Filesystem('/')", 'Filesystem'],
    ['CREATE DATABASE IF NOT EXISTS d ENGINE = Overlay', 'Overlay'],
    ["ATTACH DATABASE d ENGINE = SQLite('/x')", 'SQLite'],
    ['CREATE DATABASE d ENGINE = Memory', 'Memory'],
  ])('%s is refused', (sql, engine) => {
    expect(refused(sql)).toBe(engine)
  })

  test.each([
    'CREATE TABLE q (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a',
    'CREATE TABLE q (a Int8) ENGINE=`Null`',
    'CREATE TABLE q (`engine` String) ENGINE Memory',
    'CREATE DATABASE d ENGINE = Atomic',
    'CREATE DATABASE d',
    'CREATE MATERIALIZED VIEW v TO t AS SELECT 1',
    "SELECT name, engine, create_table_query FROM system.tables WHERE engine = 'View'",
    "SELECT replace(engine, 'a', 'b') FROM system.tables",
    "SELECT * REPLACE (1 AS a), 'CREATE' FROM (SELECT engine FROM system.tables)",
  ])('%s is not', (sql) => {
    expect(refused(sql)).toBeUndefined()
  })
})
