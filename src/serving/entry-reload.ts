import type { RepositoryModel } from '../repository/model-repository.js';
import { compareVersions } from '../repository/version-policy.js';
import {
  clashOf,
  type EntryPlan,
  isUnchanged,
  type ModelEntry,
  type PlannedVersion,
  planEntry,
} from './model-entry.js';
import type { ModelManager } from './model-manager.js';
import type { ServedModel } from './served-model.js';

/** What came of a reload. */
export interface ReloadOutcome {
  /** What could not be taken as it lies in the folder; what was served before is served still. */
  readonly problems: readonly string[];
  /** Settles when all that was replaced has finished what it had accepted. Never rejects. */
  readonly drained: Promise<unknown>;
}

/** What is to be done for one version. */
type Change =
  | { readonly kind: 'keep'; readonly model: ServedModel }
  | { readonly kind: 'refuse'; readonly problem: string }
  | { readonly kind: 'begin'; readonly found: PlannedVersion; readonly replaced: ServedModel | undefined }
  | { readonly kind: 'challenge'; readonly found: PlannedVersion; readonly old: ServedModel };

/**
 * Serves a model as it lies in the folder now, without a gap: what has changed is loaded, probed and warmed up beside
 * the version that serves, takes its place at once, and only then the old one finishes its requests and goes. What
 * cannot be loaded changes nothing. Not to be called twice at a time for one model.
 *
 * @param eager whether versions that are not loaded are loaded now; if not, they load on request
 */
export async function reloadEntry(
  manager: ModelManager,
  found: RepositoryModel,
  eager: boolean,
): Promise<ReloadOutcome> {
  const reload = new EntryReload(manager, planFor(manager, found), eager);
  return reload.run();
}

class EntryReload {
  readonly #manager: ModelManager;
  readonly #plan: EntryPlan;
  readonly #eager: boolean;
  readonly #before: readonly ServedModel[];
  readonly #problems: string[] = [];
  readonly #draining: Promise<void>[] = [];
  #versions: readonly ServedModel[];
  #isDone = false;

  constructor(manager: ModelManager, plan: EntryPlan, eager: boolean) {
    this.#manager = manager;
    this.#plan = plan;
    this.#eager = eager;
    this.#before = manager.own(plan.name)?.versions ?? [];
    this.#versions = this.#before;
  }

  async run(): Promise<ReloadOutcome> {
    const { problem, versions } = this.#plan;
    const wasServing = this.#before.some(({ isUsable }) => isUsable);
    if (versions.length === 0 && wasServing) {
      this.#problems.push(problem ?? 'no version is left');
      this.#show();
      return this.#outcome();
    }
    for (const change of versions.map((version) => changeFor(version, this.#before, this.#eager))) {
      await this.#carryOut(change);
    }
    const numbers = new Set(versions.map(({ source }) => source.ref.version));
    const wanted = this.#versions.filter(({ ref }) => numbers.has(ref.version));
    if (wanted.some(({ isUsable }) => isUsable) || !wasServing) {
      for (const model of this.#versions) if (!wanted.includes(model)) this.#retire(model, 'it is no longer served');
      this.#versions = wanted;
    }
    this.#isDone = true;
    this.#show();
    return this.#outcome();
  }

  async #carryOut(change: Change): Promise<void> {
    const { loader } = this.#manager;
    if (change.kind === 'refuse') this.#problems.push(change.problem);
    // Also one that is loading already: whoever asked for the load is told how it ends.
    if (change.kind === 'keep' && this.#eager && (change.model.isEvicted || change.model.state === 'LOADING')) {
      await loader.load(change.model);
      this.#note(change.model);
    }
    if (change.kind === 'begin') {
      const model = this.#manager.begin(change.found, { state: this.#eager ? 'LOADING' : 'EVICTED' });
      this.#put(model);
      if (change.replaced !== undefined) this.#retire(change.replaced, 'its files have changed');
      if (model.state === 'LOADING') await loader.load(model);
      this.#note(model);
    }
    if (change.kind === 'challenge') {
      const { old } = change;
      const model = this.#manager.begin(change.found, { isHidden: true });
      await loader.load(model, { replaces: old });
      if (model.state === 'READY') {
        model.show();
        this.#put(model);
        this.#retire(old, 'another has taken its place');
      } else {
        this.#note(model);
        model.usage.end();
      }
    }
  }

  #note({ ref, state, reason }: ServedModel): void {
    if (state !== 'READY' && state !== 'EVICTED') this.#problems.push(`version ${ref.version}: ${reason ?? state}`);
  }

  /** Puts a version in the place of the one of its number. */
  #put(model: ServedModel): void {
    const others = this.#versions.filter(({ ref }) => ref.version !== model.ref.version);
    this.#versions = [...others, model].sort((a, b) => compareVersions(a.ref.version, b.ref.version));
    this.#show();
  }

  #retire(model: ServedModel, reason: string): void {
    this.#draining.push(this.#manager.loader.unload(model, { to: 'UNAVAILABLE', reason, cause: 'replaced' }));
  }

  /** What is served is seen at every step, with the reason why it is not what lies in the folder. */
  #show(): void {
    const { name, aliases, problem, versions } = this.#plan;
    const before = this.#manager.own(name);
    const isRefused = versions.length === 0 && this.#versions.length > 0;
    // Requests are shared out anew when all that they may be sent to is there.
    const hasOldAliases = before !== undefined && (isRefused || !this.#isDone);
    const entry: ModelEntry = {
      name,
      form: 'model',
      versions: this.#versions,
      aliases: hasOldAliases ? before.aliases : aliases,
      problem: isRefused ? before?.problem : problem,
      reloadProblem: this.#problems.length === 0 ? undefined : this.#problems.join('; '),
    };
    this.#manager.replace(entry);
  }

  #outcome(): ReloadOutcome {
    return { problems: this.#problems, drained: Promise.all(this.#draining) };
  }
}

function planFor(manager: ModelManager, found: RepositoryModel): EntryPlan {
  const plan = planEntry(found);
  const clash = clashOf(found.name, (name) => manager.own(name));
  return clash === undefined ? plan : { ...plan, versions: [], problem: clash };
}

function changeFor(found: PlannedVersion, before: readonly ServedModel[], eager: boolean): Change {
  const old = before.find(({ ref }) => ref.version === found.source.ref.version);
  if (old === undefined || !old.isUsable) return { kind: 'begin', found, replaced: old };
  if (isUnchanged(old.source, found.source)) return { kind: 'keep', model: old };
  if (found.problem !== undefined) return { kind: 'refuse', problem: found.problem };
  if (old.isEvicted && !eager) return { kind: 'begin', found, replaced: old };
  return { kind: 'challenge', found, old };
}
