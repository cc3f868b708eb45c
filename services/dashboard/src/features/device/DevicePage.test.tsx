import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { device, problem } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";
import { codeOf } from "./queries";

const QUESTION = "“shiva on build-7” asks to act for you";

it.each([
  ["BDGH-KLMN", "BDGH-KLMN"],
  ["bdghklmn", "BDGH-KLMN"],
  [" bdgh klmn ", "BDGH-KLMN"],
  ["ｂｄｇｈ－ＫＬＭＮ", "BDGH-KLMN"],
  ["BDGH", null],
  ["../admin", null],
  ["", null],
])("takes %j as the code %j", (typed, code) => expect(codeOf(typed)).toBe(code));

describe("a program's login", () => {
  it("is found by the code that is typed", async () => {
    worldOf({ device: device() });
    page("/device");
    await userEvent.type(await screen.findByRole("textbox", { name: /Code/ }), "bdgh klmn{Enter}");
    expect(await screen.findByText(QUESTION)).toBeVisible();
    expect(screen.getByText("BDGH-KLMN")).toBeVisible();
  });

  it.each(["user_code", "code"])("is found by the address, with ?%s=", async (parameter) => {
    worldOf({ device: device() });
    page(`/device?${parameter}=BDGH-KLMN`);
    expect(await screen.findByText(QUESTION)).toBeVisible();
  });

  it("says from where, for what and until when, and warns who did not start it", async () => {
    worldOf({ device: device() });
    page("/device?user_code=BDGH-KLMN");
    expect(await screen.findByText(/It asks from 192.0.2.7/)).toHaveTextContent(/good until .*2026/);
    expect(screen.getByText("see machines, images and your containers")).toBeVisible();
    expect(screen.getByText("start, extend and stop your own containers")).toBeVisible();
    expect(screen.getByText(/If somebody sent you this code/)).toBeVisible();
  });

  it("is let in", async () => {
    const world = worldOf({ device: device() });
    page("/device?user_code=BDGH-KLMN");
    await userEvent.click(await screen.findByRole("button", { name: "Approve" }));
    expect(await screen.findByText("“shiva on build-7” is logged in")).toBeVisible();
    expect(world.changes).toEqual([["POST device/BDGH-KLMN", { approve: true, expires_in_days: 90 }]]);
    expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
  });

  it("is denied", async () => {
    const world = worldOf({ device: device() });
    page("/device?user_code=BDGH-KLMN");
    await userEvent.click(await screen.findByRole("button", { name: "Deny" }));
    expect(await screen.findByText("It was denied")).toBeVisible();
    expect(world.changes).toEqual([["POST device/BDGH-KLMN", { approve: false }]]);
  });

  it("that cannot be answered says why", async () => {
    worldOf({ device: device(), change: problem(409, "device-decided", "That login was answered already") });
    page("/device?user_code=BDGH-KLMN");
    await userEvent.click(await screen.findByRole("button", { name: "Deny" }));
    expect(await screen.findByText("device-decided")).toBeVisible();
  });

  it("that nobody knows says so, and another code can be typed", async () => {
    worldOf();
    page("/device?user_code=BDGH-KLMN");
    expect(await screen.findByText("device-not-found")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Another code" }));
    expect(screen.getByRole("textbox", { name: /Code/ })).toBeVisible();
  });

  it("is not asked for with what is no code", async () => {
    worldOf({ device: device() });
    page("/device");
    await userEvent.type(await screen.findByRole("textbox", { name: /Code/ }), "four{Enter}");
    expect(await screen.findByText(/A code has eight letters/)).toBeVisible();
    expect(screen.queryByText(QUESTION)).toBeNull();
  });
});
