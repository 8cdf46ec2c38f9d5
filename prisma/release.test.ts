import { describe, expect, it } from 'vitest'
import { checksumOfRelease, readRelease } from '../test/integration/releases/calls.ts'
import { RELEASE } from './release.ts'
import { readRoutines, routinesOf } from './routines.ts'

describe('the release', () => {
  it('has a number of its own: no other migrations, functions and triggers were recorded under it', async () => {
    expect(
      await checksumOfRelease(),
      'raise RELEASE in prisma/release.ts, then run `npm run record:release`',
    ).toBe(readRelease(RELEASE)?.checksum)
  })
})

describe('a file of functions', () => {
  const FUNCTION = 'CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$\n  SELECT 1; -- one\n$$;'
  const TRIGGER = 'CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON sagas\n  FOR EACH ROW EXECUTE FUNCTION f();'

  it('is split into its functions and triggers', async () => {
    const routines = routinesOf(
      'x.sql',
      `-- About this file.\n\n-- About f.\n${FUNCTION}\n\n-- About t.\n${TRIGGER}\n`,
    )
    expect(routines.map(({ name, sql }) => [name, sql])).toEqual([
      ['FUNCTION f', FUNCTION],
      ['TRIGGER t', TRIGGER],
    ])
    expect((await readRoutines()).length).toBeGreaterThan(40)
  })

  it.each([
    ['a function that is dropped', `DROP FUNCTION f;\n${FUNCTION}`],
    ['another statement behind a function', `${FUNCTION}\nDROP FUNCTION g;\n`],
    ['another statement behind a trigger', `${TRIGGER}\nSELECT 1;\n`],
    ['a view', 'CREATE OR REPLACE VIEW v AS SELECT 1;'],
    ['a function that is not replaced', FUNCTION.replace('OR REPLACE ', '')],
  ])('is refused with %s', (_what, text) => {
    expect(() => routinesOf('x.sql', text)).toThrow(/prisma\/functions\/x.sql may hold only/)
  })
})
