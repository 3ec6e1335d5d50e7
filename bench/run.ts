/** Puts this broker and its rivals under the same loads, in turns, and compares them. */

import process from 'node:process';
import { parseArgs } from 'node:util';
import { BenchError } from './bench-error.ts';
import { type BrokerKind, brokerKinds } from './broker-kinds.ts';
import { BrokerProcess } from './broker-process.ts';
import { Certificate } from './certificate.ts';
import { type Figures, LoadGenerator } from './load-generator.ts';
import { type Load, loads, transportOf } from './loads.ts';
import { findCores, machineDescription } from './machine.ts';
import { type Setting, savePage } from './performance-page.ts';
import { headline, largestSpread, type Result, resultLines } from './results.ts';

const usage = `Usage: npm run bench -- [OPTION]...

Puts this broker, Mosquitto, NATS and Aedes under the same loads, in turns, and compares them.

  --brokers LIST  only these: ${brokerKinds.map(({ name }) => name).join(',')}
  --loads LIST    only these; without it all but those in parentheses, with 'all' these, too:
                  ${loadNames()}
  --rounds N      measurements of each broker under each load, of which the median counts (3)
  --seconds N     how long a measurement takes, after half a second to warm up (1); those at
                  a fixed rate and of idle connections take three
  --save          write the result to docs/performance.md
`;

/** In lines of a terminal. */
function loadNames(): string {
  const names = loads.map(({ name, isExtra }) => (isExtra ? `(${name})` : name)).join(', ');
  return names.replace(/(.{1,75})(?: |$)/g, `$1\n${' '.repeat(18)}`).trimEnd();
}

/** What rounds differ by, as a share, on a machine that does nothing else. */
const calmSpread = 0.3;

interface Plan extends Setting {
  readonly kinds: readonly BrokerKind[];
  readonly loads: readonly Load[];
  readonly save: boolean;
  readonly signal: AbortSignal;
}

interface Tools {
  readonly generator: LoadGenerator;
  /** Absent where TLS cannot be measured. */
  readonly certificate: Certificate | undefined;
}

async function main(signal: AbortSignal): Promise<void> {
  const plan = readPlan(signal);
  if (plan === undefined) return void process.stdout.write(usage);
  if (process.platform !== 'linux') {
    throw new BenchError('the load generator needs epoll and /proc: run the bench on Linux');
  }
  using generator = new LoadGenerator(plan.cores);
  using certificate = generator.hasTls ? Certificate.make() : undefined;
  const tools = { generator, certificate };
  const results: Result[] = [];
  for (const load of withoutMissing(plan.loads, tools)) {
    results.push(...(await measure(load, plan, tools)));
  }
  const spread = largestSpread(results);
  console.log(`${machineDescription()}\n\n${resultLines(results).join('\n')}`);
  console.log('In parentheses: the ratio to Mosquitto.');
  console.log(`The rounds of one measurement differed by up to ${(100 * spread).toFixed(0)} %.`);
  if (spread > calmSpread) {
    console.log(
      'That is much: the machine had other work. Believe the CPU per message, or repeat.',
    );
  }
  if (plan.save) savePage(results, plan);
}

/** Says which loads the machine lacks something for. */
function withoutMissing(chosen: readonly Load[], tools: Tools): readonly Load[] {
  if (tools.certificate !== undefined) return chosen;
  const left = chosen.filter((load) => transportOf(load) === 'tls');
  const what = tools.generator.hasTls ? 'openssl' : "OpenSSL's headers";
  const remedy = `apt-get install ${tools.generator.hasTls ? 'openssl' : 'libssl-dev'}`;
  for (const { name } of left) {
    console.error(`bench: without ${name}, for want of ${what}: ${remedy}`);
  }
  return chosen.filter((load) => !left.includes(load));
}

function readPlan(signal: AbortSignal): Plan | undefined {
  const { values } = parseOptions();
  if (values.help) return undefined;
  const chosen = choose(brokerKinds, values.brokers, '--brokers');
  const versions: Record<string, string> = {};
  for (const { name, find, remedy } of chosen) {
    const version = find();
    if (version === undefined) console.error(`bench: without ${name}, which is absent: ${remedy}`);
    else versions[name] = version;
  }
  return {
    kinds: chosen.filter(({ name }) => name in versions),
    versions,
    loads: chooseLoads(values.loads),
    rounds: Math.ceil(positive(values.rounds, '--rounds')),
    seconds: positive(values.seconds, '--seconds'),
    save: values.save,
    cores: findCores(),
    signal,
  };
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        brokers: { type: 'string' },
        loads: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '1' },
        save: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}

function choose<T extends { readonly name: string }>(
  all: readonly T[],
  list: string | undefined,
  option: string,
): readonly T[] {
  if (list === undefined) return all;
  return list.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = all.map((one) => one.name).join(', ');
    throw new BenchError(`${option} '${name}' is none of ${names}`);
  });
}

function chooseLoads(list: string | undefined): readonly Load[] {
  if (list === 'all') return loads;
  return list === undefined
    ? loads.filter(({ isExtra }) => !isExtra)
    : choose(loads, list, '--loads');
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new BenchError(`${option} '${text}' should be a number above 0`);
}

/** Every broker in turn, and again: what disturbs the machine for a while then disturbs all. */
async function measure(load: Load, plan: Plan, tools: Tools): Promise<Result[]> {
  const kinds = plan.kinds.filter((kind) => kind.takesPartIn?.(load) ?? true);
  const measurements = kinds.map((kind) => ({ kind, rounds: [] as Figures[], failure: '' }));
  for (let round = 1; round <= plan.rounds; round++) {
    for (const measurement of measurements.filter(({ failure }) => failure === '')) {
      const progress = `${load.name} ${round}/${plan.rounds} ${measurement.kind.name}`;
      try {
        const figures = await measureOnce(load, measurement.kind, plan, tools);
        measurement.rounds.push(figures);
        console.error(`${progress}: ${headline(load, figures)}`);
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
        // One broker's affair, as that Aedes has no MQTT 5.0; the others go on.
        measurement.failure = error.message;
        console.error(`${progress}: ${error.message}`);
      }
    }
  }
  return measurements.map(({ kind, rounds, failure }) => {
    return { load, broker: kind.name, rounds, failure };
  });
}

async function measureOnce(
  load: Load,
  kind: BrokerKind,
  { cores, seconds, signal }: Plan,
  { generator, certificate }: Tools,
): Promise<Figures> {
  const transport = transportOf(load);
  const options = { core: cores.broker, transport, certificate };
  await using broker = await BrokerProcess.start(kind, options);
  const { port, processes } = broker;
  return await generator.measure({ load, port, processes, seconds, signal });
}

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
try {
  await main(controller.signal);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof BenchError) console.error(`bench: ${error.message}`);
  else if (!controller.signal.aborted) throw error;
}
