import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { LANGUAGES } from "./language";
import { useLanguageChoice, useWords, Words } from "./Words";

function Speaker() {
  const t = useWords();
  const { choice, setChoice } = useLanguageChoice();
  return (
    <>
      <p>{t("common.cancel")}</p>
      <p>{choice ?? "auto"}</p>
      <button type="button" onClick={() => setChoice("ja")}>
        ja
      </button>
      <button type="button" onClick={() => setChoice(null)}>
        auto
      </button>
    </>
  );
}

it("speaks as the browser does, then as the person chooses, and remembers it", async () => {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["de", "zh-TW", "en"]);
  render(
    <Words>
      <Speaker />
    </Words>,
  );
  expect(await screen.findByText("取消")).toBeVisible();
  expect(document.documentElement.lang).toBe("zh-CN");
  await userEvent.click(screen.getByRole("button", { name: "ja" }));
  expect(await screen.findByText("キャンセル")).toBeVisible();
  expect(document.documentElement.lang).toBe("ja");
  expect(window.localStorage.getItem("shiva.language")).toBe("ja");
  await userEvent.click(screen.getByRole("button", { name: "auto" }));
  expect(await screen.findByText("取消")).toBeVisible();
  expect(window.localStorage.getItem("shiva.language")).toBeNull();
});

it("names each language as it names itself", () => {
  expect(Object.values(LANGUAGES)).toEqual(["English", "日本語", "简体中文"]);
});
