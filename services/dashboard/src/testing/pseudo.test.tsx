import Dialog from "@mui/material/Dialog";
import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import en from "../words/en";
import { useWords } from "../words/Words";
import {
  act,
  admin,
  booting,
  container,
  device,
  gpu,
  idle,
  machine,
  me,
  overview,
  person,
  problem,
  silent,
  silentGpu,
  token,
} from "./factories";
import { dataIn, hardCoded, pseudo } from "./pseudo";
import { page, shown, type World, worldOf } from "./world";

const PSEUDO = { language: "en", catalogue: pseudo(en) } as const;

describe("the search for hard-coded text", () => {
  it("brackets what a sentence says, and not what is put into it", () => {
    const { catalogue } = PSEUDO;
    expect(catalogue["common.old"]).toBe("{age}⟦ óld⟧");
    expect(catalogue["common.gpus"]).toBe("{count,plural,one{#⟦ GPÚ⟧} other{#⟦ GPÚs⟧}}");
  });

  it.each([
    [
      <button type="button" key="b">
        Press
      </button>,
      "text of <button>: Press",
    ],
    [<button type="button" key="a" aria-label="Press" />, "aria-label of <button>: Press"],
    [<i key="i" title="Tip" />, "title of <i>: Tip"],
    [<input key="f" placeholder="Here" />, "placeholder of <input>: Here"],
    [<img key="g" src="x.png" alt="Chart" />, "alt of <img>: Chart"],
    [<Dialog open key="d" slotProps={{ paper: { "aria-label": "Box" } }} />, "aria-label of <div>: Box"],
    [<p key="p">gpu-01 runs</p>, "text of <p>: runs"],
    [<p key="r">ready</p>, "text of <p>: ready"],
  ])("finds it in %#", (element, found) => {
    shown(element, PSEUDO);
    expect(hardCoded(document.body, dataIn({ name: "gpu-01", state: "ready" }))).toEqual([found]);
  });

  it("finds none in catalogues' words, data, dates and units", () => {
    function Fine() {
      const t = useWords();
      return (
        <p title={t("common.close")}>
          {t("common.old", { age: "5" })} · Ada, gpu-01, 6.5 / 8.0 GiB, 61 °C, Nov 29, 2026, 2:05 PM, Monday —{" "}
          <kbd translate="no">Ctrl</kbd>
        </p>
      );
    }
    shown(<Fine />, PSEUDO);
    expect(hardCoded(document.body, ["Ada", "gpu-01"])).toEqual([]);
  });
});

const BUSY = machine({
  name: "gpu-02",
  state: "full",
  gpus: [
    gpu({
      holder: { container_id: "ken--default", owner: "ken", since: "2026-11-23T08:00:00.000Z" } as never,
      unmanaged: [{ pid: 7, user: "eve", engine_id: null, memory_used_bytes: 2 ** 20 }],
      memory_other_bytes: 2 ** 20,
    }),
    silentGpu(),
  ],
});

const FAILED = problem(409, "no-capacity", "No machine fits now", { reasons: { "gpu-01": "It sleeps." } });

/** Every page with what it shows: where, what the API says, and what is pressed there, by its words' key. */
const VIEWS: [string, string, Partial<World>][] = [
  [
    "home",
    "/",
    {
      machines: overview([machine(), BUSY, silent({ name: "gpu-03", state: "unreachable" })]),
      containers: [container({ idle: idle() })],
    },
  ],
  ["home of nobody", "/", { machines: overview([]) }],
  ["home with a start", "/", { containers: [booting()] }],
  ["home after a failure", "/", { containers: [container({ state: "failed", reason: "It broke." })] }],
  [
    "home while sources are away",
    "/",
    {
      machines: overview([machine()], {
        metrics: { state: "stale", age_seconds: 75 },
        broker: { state: "stale", age_seconds: 9 },
      }),
    },
  ],
  ["home that is refused", "/", { machines: FAILED, containers: FAILED }],
  [
    "tokens",
    "/tokens",
    {
      tokens: [
        token({ last_used_at: "2026-11-23T10:41:00Z", last_used_from: "192.0.2.7" }),
        token({ id: "old1", state: "revoked" }),
      ],
    },
  ],
  ["no tokens", "/tokens", {}],
  ["a login", "/device?user_code=BDGH-KLMN", { device: device() }],
  ["a login's end", "/device?user_code=BDGH-KLMN", { device: device({ state: "denied" }) }],
  ["a code", "/device", {}],
  ["a wrong code", "/device?user_code=four", {}],
  ["usage", "/usage", {}],
  ["the API", "/api-docs", { contract: {} }],
  ["no page", "/no-such-page", { me: me({ demo: true }) }],
  ...["people", "containers", "machines", "announcement", "tokens", "audit"].map(
    (part): [string, string, Partial<World>] => [
      `administration: ${part}`,
      `/admin/${part}`,
      { me: admin(), people: [person()], acts: [act()], tokens: [token()], containers: [container()] },
    ],
  ),
  ["administration of others", "/admin", {}],
];

describe("no text is hard-coded", () => {
  it.each(VIEWS)("in %s", async (_, path, changes) => {
    const world = worldOf(changes);
    page(path, PSEUDO);
    await screen.findByRole("button", { name: /⟦: / });
    await waitFor(() => expect(document.querySelector(".MuiSkeleton-root")).toBeNull());
    expect(hardCoded(document.body, dataOf(world))).toEqual([]);
    expect(hardCoded(document.head, [])).toEqual([]);
  });
});

/** What a world's answers say, and what it asks for in its turn. */
const dataOf = (world: World) => dataIn({ ...world, images: ["shiva-jupyter", "JupyterLab"] });
