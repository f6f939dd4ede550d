import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LOOK_EVERY_MS, ReloadingFiles } from '#src/http/reloading-files.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A value made of two files: their contents in capitals; `bad` in them cannot be used. */
async function open(contents: Record<string, string> = { a: 'one', b: 'two' }) {
  const clock = new VirtualClock();
  const events = new RecordedEvents();
  const files = new Map(Object.entries(contents));
  const read = async (path: string) => {
    const content = files.get(path);
    if (content === undefined) throw new Error(`there is no ${path}`);
    return content;
  };
  const make = (texts: readonly string[]) => {
    if (texts.includes('bad')) throw new Error('a file is bad');
    return texts.join(' ').toUpperCase();
  };
  const source = { what: 'keys', paths: ['a', 'b'], make } as const;
  const reloading = await ReloadingFiles.open(source, { clock, events, read });
  const told = () => [
    ...events.of('filesReloaded').map(() => 'reloaded'),
    ...events.of('reloadFailed').map(({ reason }) => reason),
  ];
  const look = (times = 1) => clock.advance(times * LOOK_EVERY_MS);
  return { clock, files, reloading, told, look };
}

describe('ReloadingFiles', () => {
  it('makes its value from the files, in their order', async () => {
    assert.equal((await open()).reloading.value, 'ONE TWO');
  });

  it('says which files are missing or unfit at the start', async () => {
    await assert.rejects(open({ a: 'one' }), { code: 'INVALID_REQUEST', message: 'a and b: there is no b' });
    await assert.rejects(open({ a: 'one', b: 'bad' }), { code: 'INVALID_REQUEST', message: 'a and b: a file is bad' });
  });

  it('makes it anew when the files have changed and stayed so for a look', async () => {
    const { files, reloading, told, look } = await open();
    files.set('b', 'three');
    await look();
    assert.deepEqual([reloading.value, told()], ['ONE TWO', []]);
    await look();
    assert.deepEqual([reloading.value, told()], ['ONE THREE', ['reloaded']]);
    await look(5);
    assert.deepEqual(told(), ['reloaded']);
  });

  it('leaves files alone that still change, such as one half of a pair', async () => {
    const { files, reloading, told, look } = await open();
    files.set('a', 'bad');
    await look();
    files.set('a', 'three');
    await look();
    assert.deepEqual([reloading.value, told()], ['ONE TWO', []]);
    await look();
    assert.deepEqual([reloading.value, told()], ['THREE TWO', ['reloaded']]);
  });

  it('keeps its value when the files are of no use, says so once, and takes what comes after', async () => {
    const { files, reloading, told, look } = await open();
    files.set('a', 'bad');
    await look(10);
    assert.deepEqual([reloading.value, told()], ['ONE TWO', ['a file is bad']]);
    files.delete('b');
    await look(10);
    assert.deepEqual([reloading.value, told()], ['ONE TWO', ['a file is bad', 'there is no b']]);
    files.set('a', 'three').set('b', 'four');
    await look(2);
    assert.deepEqual([reloading.value, told().length, told()[0]], ['THREE FOUR', 3, 'reloaded']);
  });

  it('keeps its value when nobody can make use of the new one', async () => {
    const { files, reloading, told, look } = await open();
    const offered: string[] = [];
    reloading.onChange((value) => {
      offered.push(value);
      if (value.startsWith('THREE')) throw new Error('no use for it');
    });
    files.set('a', 'three');
    await look(2);
    files.set('a', 'four');
    await look(2);
    assert.deepEqual(offered, ['THREE TWO', 'FOUR TWO']);
    assert.deepEqual([reloading.value, told()], ['FOUR TWO', ['reloaded', 'no use for it']]);
  });

  it('looks no more once it is closed', async () => {
    const { clock, files, reloading, told, look } = await open();
    files.set('a', 'three');
    await look();
    reloading.close();
    reloading.close();
    assert.equal(clock.pendingTimers, 0);
    await look(5);
    assert.deepEqual([reloading.value, told()], ['ONE TWO', []]);
  });
});
