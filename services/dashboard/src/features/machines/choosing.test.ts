import { describe, expect, it } from "vitest";
import { gpu, machine, silent, silentGpu } from "../../testing/factories";
import { ALL, asBefore, type Choice, chosen, hottest, inOrder, load, modelsOf, type Order } from "./choosing";
import type { Machine } from "./queries";

const names = (machines: readonly Machine[]) => machines.map((each) => each.name).join(" ");
const user = (owner: string) => ({
  owner,
  container_id: `${owner}--default`,
  memory_used_bytes: 1,
  active_ratio: null,
  processes: 1,
});

describe("the order", () => {
  const sorted = (order: Partial<Order>, machines: Machine[]) =>
    names(inOrder(machines, { sort: "free", reversed: false, ...order }));

  it("has what is free first, and what says nothing last", () => {
    const states = { c: "free", a: "full", f: "closed", b: "partly_free", d: "unreachable", e: "stale" } as const;
    const all = Object.entries(states).map(([name, state]) => machine({ name, state }));
    expect(sorted({}, all)).toBe("c b a f e d");
  });

  it("of names counts as people do", () => {
    const all = ["gpu-10", "gpu-9", "a"].map((name) => machine({ name }));
    expect(sorted({ sort: "name" }, all)).toBe("a gpu-9 gpu-10");
    expect(sorted({ sort: "name", reversed: true }, all)).toBe("gpu-10 gpu-9 a");
  });

  const loaded = (name: string, cpu_ratio: number | null) =>
    machine({ name, cpu_ratio, gpus: [gpu({ utilization_ratio: cpu_ratio })] });

  it("of load has the least first, and the unknown last whichever way round", () => {
    const all = [loaded("busy", 0.9), loaded("unknown", null), loaded("idle", 0), loaded("half", 0.5)];
    expect(sorted({ sort: "load" }, all)).toBe("idle half busy unknown");
    expect(sorted({ sort: "load", reversed: true }, all)).toBe("busy half idle unknown");
  });

  it("of load does not change with every reading", () => {
    expect(sorted({ sort: "load" }, [loaded("b", 0.31), loaded("a", 0.33)])).toBe("a b");
  });

  it("of temperature is that of the hottest part", () => {
    const warm = (name: string, celsius: number) =>
      machine({ name, temperature_celsius: 40, gpus: [gpu({ temperature_celsius: celsius })] });
    expect(sorted({ sort: "temperature" }, [warm("hot", 88), warm("cool", 50)])).toBe("cool hot");
  });
});

describe("load and heat", () => {
  it("are those of the busier and the hotter part", () => {
    const gpus = [gpu({ utilization_ratio: 1, temperature_celsius: 80 }), gpu({ utilization_ratio: 0.5 })];
    const busy = machine({ cpu_ratio: 0.2, gpus });
    expect(load(busy)).toBe(0.75);
    expect(hottest(busy)).toBe(80);
  });

  it("are unknown when nobody told any", () => {
    const nothing = silent({ gpus: [silentGpu()] });
    expect(load(nothing)).toBeNull();
    expect(hottest(nothing)).toBeNull();
  });
});

describe("the choice", () => {
  const all = [
    machine({
      name: "gpu-01",
      state: "partly_free",
      gpus_free: 1,
      gpus: [gpu({ model: "NVIDIA A100", users: [user("ken")] })],
    }),
    machine({
      name: "gpu-02",
      state: "full",
      gpus_free: 0,
      gpus: [gpu({ holder: { container_id: "_41da--default", owner: "_41da", since: null } })],
    }),
    machine({ name: "cpu-01", state: "stale", gpus_free: null, gpus: [] }),
  ];
  const found = (changes: Partial<Choice>, me: string | null = "ken") => names(chosen(all, { ...ALL, ...changes }, me));

  it.each([
    [{}, "gpu-01 gpu-02 cpu-01"],
    [{ text: "GPU-0" }, "gpu-01 gpu-02"],
    [{ text: "ada" }, "gpu-02"],
    [{ text: "ａ１００" }, "gpu-01"],
    [{ text: " ken  gpu " }, "gpu-01"],
    [{ text: "nobody" }, ""],
    [{ states: ["full", "stale"] }, "gpu-02 cpu-01"],
    [{ models: ["NVIDIA A100"] }, "gpu-01"],
    [{ freeGpu: true }, "gpu-01"],
    [{ mine: true }, "gpu-01"],
    [{ mine: true, states: ["full"] }, ""],
  ] as [Partial<Choice>, string][])("%j finds %j", (choice, text) => expect(found(choice)).toBe(text));

  it("finds nothing of mine while nobody knows who asks", () => expect(found({ mine: true }, null)).toBe(""));

  it("offers each model once", () => {
    expect(modelsOf(all)).toEqual(["NVIDIA A100", "NVIDIA GeForce GTX 1080"]);
  });
});

it("what is held stays where it was, new ones behind", () => {
  const all = ["d", "a", "b"].map((name) => machine({ name }));
  expect(names(asBefore(all, ["b", "gone", "a"]))).toBe("b a d");
});
