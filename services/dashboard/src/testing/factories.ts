import type { Schemas } from "../api/client";
import type { Act, Person } from "../features/admin/queries";

type Verdict = Schemas["Explanation"]["machines"][number];
type Happening = Schemas["Events"]["events"][number];

/** Typed by the contract: a change there is a type error here. */
export const gpu = (changes: Partial<Schemas["Gpu"]> = {}): Schemas["Gpu"] => ({
  uuid: "GPU-1",
  index: 0,
  model: "NVIDIA GeForce GTX 1080",
  up: true,
  utilization_ratio: 0.5,
  memory_total_bytes: 8 * 2 ** 30,
  memory_used_bytes: 2 ** 30,
  temperature_celsius: 61,
  foreign_use: false,
  holder: null,
  users_known: true,
  users: [],
  unmanaged: [],
  memory_other_bytes: 0,
  memory_unattributed_bytes: 0,
  quarantine: null,
  disabled: null,
  ...changes,
});

export const machine = (changes: Partial<Schemas["Machine"]> = {}): Schemas["Machine"] => {
  const gpus = changes.gpus ?? [gpu()];
  return {
    name: "gpu-01",
    state: "free",
    sample_age_seconds: 2,
    cpus: 8,
    cpu_ratio: 0.31,
    memory_total_bytes: 32 * 2 ** 30,
    memory_used_bytes: 8 * 2 ** 30,
    disk_total_bytes: 500 * 2 ** 30,
    disk_used_bytes: 100 * 2 ** 30,
    network_receive_bytes_per_second: 2048,
    network_transmit_bytes_per_second: 1024,
    temperature_celsius: 54,
    gpu_driver: "present",
    gpus_total: gpus.length,
    gpus_free: gpus.length,
    holders_known: true,
    closed: null,
    gpus,
    containers: [],
    ...changes,
  };
};

/** A machine of which nobody told anything. */
export const silent = (changes: Partial<Schemas["Machine"]> = {}) =>
  machine({
    sample_age_seconds: null,
    cpus: null,
    cpu_ratio: null,
    memory_total_bytes: null,
    memory_used_bytes: null,
    disk_total_bytes: null,
    disk_used_bytes: null,
    network_receive_bytes_per_second: null,
    network_transmit_bytes_per_second: null,
    temperature_celsius: null,
    ...changes,
  });

export const silentGpu = () =>
  gpu({
    index: 1,
    up: null,
    utilization_ratio: null,
    memory_total_bytes: null,
    memory_used_bytes: null,
    temperature_celsius: null,
    users_known: false,
    memory_other_bytes: null,
    memory_unattributed_bytes: null,
  });

export const history = (changes: Partial<Schemas["MachineHistory"]> = {}): Schemas["MachineHistory"] => ({
  machine: "gpu-01",
  from: "2026-11-23T09:00:00.000Z",
  to: "2026-11-23T10:00:00.000Z",
  step_seconds: 15,
  series: {
    cpu_ratio: [0.2, null, 0.4],
    memory_used_bytes: [null, null, null],
    disk_used_bytes: [null, null, null],
    network_receive_bytes_per_second: [null, null, null],
    network_transmit_bytes_per_second: [null, null, null],
    temperature_celsius: [null, null, null],
  },
  gpus: [],
  ...changes,
});

export const overview = (
  machines: Schemas["Machine"][] = [machine()],
  changes: Partial<Schemas["Machines"]> = {},
): Schemas["Machines"] => ({
  as_of: "2026-11-23T09:10:00.000Z",
  metrics: { state: "fresh", age_seconds: 1 },
  broker: { state: "fresh", age_seconds: 0 },
  machines,
  ...changes,
});

type Image = Schemas["Images"]["images"][number];

/** What everybody starts with, and gpu-01 has. */
export const image = (changes: Partial<Image> = {}): Image => ({
  name: "shiva-jupyter",
  title: "JupyterLab",
  description: "",
  reference: "registry.lan/shiva-jupyter:2026.1",
  digest: `sha256:${"5f2b7c1d".repeat(8)}`,
  size_bytes: 2 * 2 ** 30,
  needs_gpu: false,
  cuda: null,
  trouble: null,
  machines: [on("gpu-01")],
  ...changes,
});

/** One machine's part of an image. */
export const on = (
  machine: string,
  state: Schemas["ImagePresence"] = "present",
  changes: Partial<Image["machines"][number]> = {},
): Image["machines"][number] => ({ machine, state, pulled_bytes: null, total_bytes: null, error: null, ...changes });

export const container = (changes: Partial<Schemas["Container"]> = {}): Schemas["Container"] => ({
  id: "ada--default",
  owner: "ada",
  name: "default",
  machine: "gpu-01",
  image: "shiva-jupyter",
  gpus: [],
  state: "ready",
  reason: null,
  url: "/user/ada/",
  requested_at: "2026-11-23T09:10:00.000Z",
  started_at: "2026-11-23T09:10:00.180Z",
  ready_at: "2026-11-23T09:10:02.310Z",
  last_access_at: null,
  phases: { placed_seconds: 0.02, created_seconds: 0.16, booting_seconds: 1.73, ready_seconds: 0.4 },
  time_to_notebook_seconds: 2.31,
  limits: { cpus: 2, memory_bytes: 2 ** 32, shm_bytes: 2 ** 26, pids: 4096 },
  idle: null,
  ...changes,
});

/** A container that ends in an hour if nobody uses it. */
export const idle = (changes: Partial<Schemas["Idle"]> = {}): Schemas["Idle"] => ({
  state: "warned",
  reason: "warned",
  sentence: "Your container default has been idle for 1 h.",
  stop_at: new Date(Date.now() + 3_600_000).toISOString(),
  step: 1,
  idle_seconds: 3600,
  dry_run: false,
  extensions_left: 2,
  ...changes,
});

export const booting = (changes: Partial<Schemas["Container"]> = {}) =>
  container({
    state: "booting",
    ready_at: null,
    phases: { placed_seconds: 0.02, created_seconds: 0.16, booting_seconds: null, ready_seconds: null },
    time_to_notebook_seconds: null,
    ...changes,
  });

/** It fits on gpu-01, in about 4 s. */
export const explanation = (changes: Partial<Schemas["Explanation"]> = {}): Schemas["Explanation"] => ({
  fits: true,
  machine: "gpu-01",
  predicted_seconds: 4,
  everywhere: null,
  machines: [verdict()],
  offers: [],
  ...changes,
});

export const verdict = (changes: Partial<Verdict> = {}): Verdict => ({
  name: "gpu-01",
  image: "present",
  predicted_seconds: 4,
  misfit: null,
  holders: [],
  ...changes,
});

export const log = (changes: Partial<Schemas["Log"]> = {}): Schemas["Log"] => ({
  container_id: "ada--default",
  taken_at: "2026-11-23T09:12:00.000Z",
  lines: ["Jupyter Server is running."],
  truncated: false,
  ...changes,
});

/** A container of which nobody reported anything, so that no test waits for the code that draws. */
export const containerHistory = (changes: Partial<Schemas["ContainerHistory"]> = {}): Schemas["ContainerHistory"] => ({
  container_id: "ada--default",
  from: "2026-11-23T09:00:00.000Z",
  to: "2026-11-23T09:02:00.000Z",
  step_seconds: 60,
  series: { memory_used_bytes: [null, null, null], cpu_ratio: [null, null, null] },
  gpus: [],
  ...changes,
});

type Told = Partial<Omit<Happening, "facts">> & { facts?: Record<string, unknown> };

export const happening = ({ facts = {}, ...changes }: Told = {}): Happening => ({
  id: "019aaf5d1c00-0000000001",
  at: "2026-11-23T09:10:00.000Z",
  kind: "container.requested",
  container_id: "ada--default",
  owner: "ada",
  machine: "gpu-01",
  facts: facts as Happening["facts"], // the contract says an object, and no more
  ...changes,
});

export const me = (changes: Partial<Schemas["Me"]> = {}): Schemas["Me"] => ({
  user: { name: "ada", shown_name: "Ada", email: null, picture: null, role: "user" },
  csrf_token: "csrf-1",
  token: null,
  quota: { containers: null, gpus: null },
  announcement: null,
  demo: false,
  version: "0.1.0",
  ...changes,
});

export const admin = () =>
  me({ user: { name: "root", shown_name: "Grace", email: "grace@example.com", picture: null, role: "admin" } });

export const token = (changes: Partial<Schemas["Token"]> = {}): Schemas["Token"] => ({
  id: "k3j2",
  owner: "ada",
  label: "backup",
  scopes: ["read"],
  created_at: "2026-11-20T09:00:00Z",
  expires_at: "2027-02-18T09:00:00Z",
  last_used_at: null,
  last_used_from: null,
  state: "active",
  revoked_at: null,
  ...changes,
});

export const device = (changes: Partial<Schemas["Device"]> = {}): Schemas["Device"] => ({
  user_code: "BDGH-KLMN",
  client: "shiva on build-7",
  asked_from: "192.0.2.7",
  scopes: ["read", "containers"],
  created_at: "2026-11-23T09:10:00Z",
  expires_at: "2026-11-23T09:20:00Z",
  state: "pending",
  ...changes,
});

export const person = (changes: Partial<Person> = {}): Person => ({
  name: "ken",
  shown_name: "Ken",
  email: "ken@example.com",
  picture: null,
  role: "user",
  groups: [],
  first_login_at: "2026-10-01T08:00:00Z",
  last_login_at: "2026-11-22T08:00:00Z",
  barred: null,
  refused: null,
  own_quota: null,
  quota: { containers: 2, gpus: null },
  held: { containers: 1, gpus: 0 },
  ...changes,
});

export const act = (changes: Partial<Act> = {}): Act => ({
  id: 7,
  at: "2026-11-22T08:00:00Z",
  actor: "root",
  client: "192.0.2.1",
  token_id: null,
  action: "machine.drain",
  target: "gpu-01",
  outcome: "done",
  request_id: null,
  facts: {},
  ...changes,
});

export const usage = (changes: Partial<Schemas["Usage"]> = {}): Schemas["Usage"] => ({
  from: "2026-11-16T10:00:00.000Z",
  to: "2026-11-23T10:00:00.000Z",
  recorded_from: "2026-11-16T10:00:00.000Z",
  people: [
    { owner: "ken", gpu_seconds_held: 36_000, gpu_seconds_used: 27_000 },
    { owner: "ada", gpu_seconds_held: 7_200, gpu_seconds_used: 1_800 },
  ],
  machines: [{ machine: "gpu-01", gpus: 2, gpu_seconds_held: 43_200, gpu_seconds_used: 28_800 }],
  ...changes,
});

export const problem = (status: number, code: string, title: string, parameters = {}): Schemas["Problem"] => ({
  type: `urn:shiva:problem:${code}`,
  status,
  code,
  title,
  detail: "Your files are safe.",
  parameters,
});
