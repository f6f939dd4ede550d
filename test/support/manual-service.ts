import { MillraceError } from '#src/core/errors.js';
import type { JobOutcome, JobRequest } from '#src/jobs/job-request.js';
import { JobService } from '#src/jobs/job-service.js';
import { ManualProcessor, recordedJob } from './job-requests.js';
import { RecordedEvents } from './recorded-events.js';
import { VirtualClock } from './virtual-clock.js';

const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left.');

/** A job service on a virtual clock, and a model that answers when the test says so. */
export function manualService() {
  const clock = new VirtualClock();
  const events = new RecordedEvents();
  const service = new JobService({ clock, events });
  const processor = new ManualProcessor();

  /** Submits a job; gives the outcomes that its endpoint gets, and the means to leave. */
  const submit = (id: string, options: Partial<JobRequest> & { rows?: number; model?: ManualProcessor } = {}) => {
    const { model = processor, ...rest } = options;
    const { request, outcomes } = recordedJob({ id, receivedAt: clock.now(), ...rest });
    const [handle] = service.submit(model, [request]);
    return { outcomes, leave: () => handle?.cancel(gone) };
  };

  /** Submits items as `id.0`, `id.1` and so on; those whose index is in `misfits` don't fit the model. */
  const submitGroup = (id: string, items: number, misfits: readonly number[] = []): JobOutcome[][] => {
    const jobs = Array.from({ length: items }, (_, index) => {
      const misfit = { input: new MillraceError('INVALID_INPUT', `item ${index} does not fit`) };
      return recordedJob({ id: `${id}.${index}`, ...(misfits.includes(index) ? misfit : {}) });
    });
    const requests = jobs.map(({ request }) => request);
    service.submit(processor, requests, id);
    return jobs.map(({ outcomes }) => outcomes);
  };

  /** All that the model has to do succeeds. */
  const finishAll = async () => {
    for (const call of processor.calls) call.succeed();
    await clock.settle();
  };

  /** The state of a job, or `id state` for each of a group. */
  const states = (id: string) => {
    const found = service.find(id);
    return Array.isArray(found) ? found.map((view) => `${view.id} ${view.state}`) : found?.state;
  };

  const takenRows = () => service.queues[0]?.takenRows;

  return { clock, events, service, processor, submit, submitGroup, finishAll, states, takenRows };
}
