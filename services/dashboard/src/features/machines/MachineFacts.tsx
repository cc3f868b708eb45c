import { styled } from "@mui/material/styles";
import { Fact } from "../../components/Fact";
import { share } from "../../components/format";
import { Hidden } from "../../components/Hidden";
import { Meter } from "../../components/Meter";
import { type Format, useFormat } from "../../words/format";
import { type Translate, useWords } from "../../words/Words";
import type { Machine } from "./queries";

const Facts = styled("div")({
  display: "grid",
  gridTemplateColumns: "repeat(auto-fit, minmax(min(145px, 100%), 1fr))",
  columnGap: 16,
  rowGap: 6,
});
const Wide = styled("div")({ gridColumn: "1 / -1", position: "relative" });

/** "31% of 8"; null when nobody told. */
export function cpuText({ cpu_ratio, cpus }: Machine, t: Translate, f: Format): string | null {
  return cpu_ratio === null ? null : t("machines.cpuOf", { percent: f.percent(cpu_ratio), cpus: cpus ?? "?" });
}

/** "↓ 2.0 KiB/s ↑ 1.0 KiB/s", or as `key` has it. */
export function networkText(
  machine: Machine,
  t: Translate,
  f: Format,
  key: "machines.networkRates" | "machines.networkSpoken" = "machines.networkRates",
): string {
  const rate = (value: number | null) =>
    value === null ? t("common.dash") : t("machines.perSecond", { amount: f.bytes(value) });
  return t(key, {
    received: rate(machine.network_receive_bytes_per_second),
    sent: rate(machine.network_transmit_bytes_per_second),
  });
}

/** What a machine does now, without its GPUs. */
export function MachineFacts({ machine }: { machine: Machine }) {
  const t = useWords();
  const f = useFormat();
  const { memory_used_bytes, memory_total_bytes, disk_used_bytes, disk_total_bytes, temperature_celsius } = machine;
  return (
    <Facts>
      <Meter label={t("machines.cpu")} ratio={machine.cpu_ratio} text={cpuText(machine, t, f)} />
      <Meter
        label={t("machines.memory")}
        ratio={share(memory_used_bytes, memory_total_bytes)}
        text={f.amounts(memory_used_bytes, memory_total_bytes)}
      />
      <Meter
        label={t("machines.disk")}
        ratio={share(disk_used_bytes, disk_total_bytes)}
        text={f.amounts(disk_used_bytes, disk_total_bytes)}
      />
      <Fact label={t("machines.temperature")}>
        {temperature_celsius === null ? t("common.dash") : f.celsius(temperature_celsius)}
      </Fact>
      <Wide>
        <Fact label={t("machines.network")}>
          <span aria-hidden>{networkText(machine, t, f)}</span>
          <Hidden>{networkText(machine, t, f, "machines.networkSpoken")}</Hidden>
        </Fact>
      </Wide>
    </Facts>
  );
}
