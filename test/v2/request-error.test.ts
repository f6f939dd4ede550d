import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { errorText, requestError } from '#src/v2/request-error.js';

describe('errorText', () => {
  it('says all that an error says, in one text', () => {
    const details = { path: 'input[3]', expected: 'a number', got: 'null', retryAfterMs: 5 };
    const error = new MillraceError('INVALID_INPUT', 'No.', details);
    assert.equal(errorText(error), 'No. (input[3]; expected a number; got null)');
    assert.equal(errorText(requestError('Just no.')), 'Just no.');
  });

  it('begins with the text that Triton has for it', () => {
    const begins = {
      QUEUE_FULL: 'Exceeds maximum queue size: ',
      DEADLINE_EXCEEDED: 'Request timeout expired: ',
      SHUTTING_DOWN: 'Server is stopping, scheduler for model has stopped accepting new inference requests: ',
    } as const;
    for (const [code, text] of Object.entries(begins)) {
      assert.equal(errorText(new MillraceError(code as keyof typeof begins, 'So it is.')), `${text}So it is.`);
    }
  });
});
