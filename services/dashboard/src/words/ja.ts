import admin from "./ja/admin.json";
import asks from "./ja/asks.json";
import common from "./ja/common.json";
import containers from "./ja/containers.json";
import device from "./ja/device.json";
import docs from "./ja/docs.json";
import frame from "./ja/frame.json";
import images from "./ja/images.json";
import machines from "./ja/machines.json";
import start from "./ja/start.json";
import tokens from "./ja/tokens.json";
import usage from "./ja/usage.json";
import wall from "./ja/wall.json";

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
