import Dialog from "@mui/material/Dialog";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import en from "../words/en";
import { LANGUAGES } from "../words/language";
import { type Key, useWords } from "../words/Words";
import {
  act,
  admin,
  booting,
  container,
  device,
  explanation,
  gpu,
  happening,
  idle,
  image,
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

const START = { me: admin(), people: [person()], acts: [act()], tokens: [token()], containers: [container()] };
const OLD = { metrics: { state: "stale", age_seconds: 75 }, broker: { state: "stale", age_seconds: 9 } } as const;

type View = [name: string, path: string, world: Partial<World>, press?: readonly Key[]];

/** Every page with what it shows: where, what the API says, and the buttons that are pressed there, by their words. */
const VIEWS: View[] = [
  [
    "home",
    "/",
    {
      machines: overview([machine(), BUSY, silent({ name: "gpu-03", state: "unreachable" })]),
      containers: [container({ idle: idle() })],
    },
  ],
  ["home of nobody", "/", { machines: overview([]) }],
  ["home with the options of a start", "/", { explanation: explanation() }, ["start.options"]],
  ["home with a start", "/", { containers: [booting()] }],
  ["home after a failure", "/", { containers: [container({ state: "failed", reason: "It broke." })] }],
  ["home while sources are away", "/", { machines: overview([machine()], OLD) }],
  ["home that is refused", "/", { machines: FAILED, containers: FAILED }],
  ["a container", "/containers/ada--default", { containers: [container()], events: [happening()] }],
  ["no container", "/containers/ada--default", {}],
  ["images", "/images", { me: admin(), images: [image()] }],
  ["usage", "/usage", {}],
  ["the wall", "/wall", { machines: overview([machine(), BUSY]) }],
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
  ["a new token", "/tokens", { me: admin() }, ["tokens.create"]],
  ["a login", "/device?user_code=BDGH-KLMN", { device: device() }],
  ["a login's end", "/device?user_code=BDGH-KLMN", { device: device({ state: "denied" }) }],
  ["a code", "/device", {}],
  ["a wrong code", "/device?user_code=four", {}],
  ["the API", "/api-docs", {}],
  ["usage", "/usage", {}],
  ["no page", "/no-such-page", { me: me({ demo: true }) }],
  ["the palette", "/no-such-page", {}, ["frame.palette"]],
  ...["people", "containers", "machines", "announcement", "tokens", "audit"].map(
    (part): View => [`administration: ${part}`, `/admin/${part}`, START],
  ),
  ["administration of others", "/admin", {}],
];

/** What a world's answers say, with what it makes up itself; a card's name without its maker, a digest's start, languages by their own names. */
const dataOf = (world: World) => [
  ...dataIn(world),
  ...dataIn(problem(404, "container-not-found", "There is no such container")),
  "GTX 1080",
  `${image().digest?.slice(0, 19)}…`,
  ...Object.values(LANGUAGES),
];

describe("no text is hard-coded", () => {
  it.each(VIEWS)("in %s", async (_, path, changes, press = []) => {
    const world = worldOf(changes);
    page(path, PSEUDO);
    await waitFor(() => expect(document.body).toHaveTextContent("⟦"));
    await waitFor(() => expect(document.querySelector(".MuiSkeleton-root")).toBeNull());
    for (const key of press) {
      await userEvent.click(
        await screen.findByRole("button", { name: (name) => name.startsWith(PSEUDO.catalogue[key]) }),
      );
      await screen.findByRole("dialog");
    }
    expect(hardCoded(document.body, dataOf(world))).toEqual([]);
    expect(hardCoded(document.head, [])).toEqual([]);
  });

  it("in the menu and the list of keys", async () => {
    const world = worldOf({ me: admin() });
    page("/no-such-page", PSEUDO);
    await userEvent.click(await screen.findByRole("button", { name: /Grace⟦/ }));
    await screen.findByRole("menu");
    expect(hardCoded(document.body, dataOf(world))).toEqual([]);
    await userEvent.click(screen.getByRole("menuitem", { name: PSEUDO.catalogue["frame.keys"] }));
    await screen.findByRole("dialog");
    expect(hardCoded(document.body, dataOf(world))).toEqual([]);
  });
});
