import admin from "./en/admin.json";
import asks from "./en/asks.json";
import common from "./en/common.json";
import containers from "./en/containers.json";
import device from "./en/device.json";
import docs from "./en/docs.json";
import frame from "./en/frame.json";
import images from "./en/images.json";
import machines from "./en/machines.json";
import start from "./en/start.json";
import tokens from "./en/tokens.json";
import usage from "./en/usage.json";
import wall from "./en/wall.json";

/** Every sentence that a person reads, by key; one file for each room of the dashboard. */
export default {
  ...admin,
  ...asks,
  ...common,
  ...containers,
  ...device,
  ...docs,
  ...frame,
  ...images,
  ...machines,
  ...start,
  ...tokens,
  ...usage,
  ...wall,
};
