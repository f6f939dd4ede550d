import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepCost } from '#src/pipelines/step-cost.js';

const near = (got: number | undefined, wanted: number) => {
  assert.ok(got !== undefined && Math.abs(got - wanted) <= 1e-6 * Math.max(1, wanted), `${got} and not ${wanted}`);
};

describe('StepCost', () => {
  it('knows nothing before the first measurement', () => {
    assert.equal(new StepCost().predict(1), undefined);
  });

  it('expects a cost in proportion while all efforts were alike, and never less for less', () => {
    const cost = new StepCost();
    cost.fit([
      { effort: 100, ms: 2 },
      { effort: 100, ms: 2 },
    ]);
    near(cost.predict(100), 2);
    near(cost.predict(1000), 20);
    near(cost.predict(10), 2);
  });

  it('finds the line that measurements lie on', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.double({ min: 1e-5, max: 1e-3, noNaN: true }),
        (fixed, slope) => {
          const cost = new StepCost();
          cost.fit([100, 4_000, 900, 10_000, 50].map((effort) => ({ effort, ms: fixed + slope * effort })));
          const wanted = fixed + slope * 20_000;
          const got = cost.predict(20_000) ?? 0;
          assert.ok(Math.abs(got - wanted) < 0.02 * wanted, `${got} and not ${wanted}`);
        },
      ),
    );
  });

  it('follows a machine that grows slower', () => {
    const cost = new StepCost();
    for (let run = 0; run < 50; run += 1) cost.update({ effort: 1 + (run % 2), ms: 0.1 });
    for (let run = 0; run < 200; run += 1) cost.update({ effort: 1 + (run % 2), ms: 0.4 });
    const got = cost.predict(1) ?? 0;
    assert.ok(got > 0.39 && got < 0.41, String(got));
  });

  it('takes a single pause for what it is', () => {
    const cost = new StepCost();
    cost.fit(Array.from({ length: 40 }, () => ({ effort: 1, ms: 0.05 })));
    cost.update({ effort: 1, ms: 500 });
    assert.ok((cost.predict(1) ?? 1) < 0.07);
  });

  it('forgets all when it is fitted anew', () => {
    const cost = new StepCost();
    cost.update({ effort: 1, ms: 100 });
    cost.fit([{ effort: 1, ms: 1 }]);
    near(cost.predict(1), 1);
  });
});
