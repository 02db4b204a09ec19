import { expect, test } from 'vitest'
import { javaMajor } from './java.ts'
import { explainFailure, mavenVersion } from './maven.ts'

test.each([
  ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
  ['java version "1.8.0_392"', 8],
  ['openjdk version "25" 2025-09-16', 25],
  ['openjdk version "26-ea" 2026-03-17', 26],
  ['Picked up JAVA_TOOL_OPTIONS: -Dx=1\nopenjdk version "21.0.2" 2024-01-16', 21],
  ['The operation couldn’t be completed. Unable to locate a Java Runtime.', undefined],
])('the feature release of %j', (said, major) => expect(javaMajor(said)).toBe(major))

test.each([
  ['\u001b[1mApache Maven 3.8.7\u001b[m\nMaven home: /usr/share/maven', { major: 3, minor: 8 }],
  ['Apache Maven 4.0.0-rc-3 (3952d00)', { major: 4, minor: 0 }],
  ['mvn: command not found', undefined],
])('the version of %j', (said, version) => expect(mavenVersion(said)).toEqual(version))

test.each([
  ['[ERROR] Failed: Unknown host repo.maven.example: Name or service not known', /^No network to fetch it \(/],
  ['[ERROR] Connect to repo.example:443 failed: Connection refused', /^No network to fetch it \(/],
  ['[ERROR] Could not copy: No space left on device', /^The disk is full: it could not be stored; make room/],
  [
    '[ERROR] Could not find artifact x:y:1 in mirror',
    /^Maven could not fetch it: Could not find artifact x:y:1 in mirror$/,
  ],
  ['', /^Maven could not fetch it: it gave no reason$/],
])('a failed fetch is one sentence: %j', (said, sentence) => {
  expect(
    explainFailure('it', `[INFO] Scanning\n${said}\n[ERROR] more`.replace(/^\[INFO\] Scanning\n\n.*/s, '')),
  ).toMatch(sentence)
})
