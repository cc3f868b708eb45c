import admin from "./zh-CN/admin.json";
import asks from "./zh-CN/asks.json";
import common from "./zh-CN/common.json";
import containers from "./zh-CN/containers.json";
import device from "./zh-CN/device.json";
import docs from "./zh-CN/docs.json";
import frame from "./zh-CN/frame.json";
import images from "./zh-CN/images.json";
import machines from "./zh-CN/machines.json";
import start from "./zh-CN/start.json";
import tokens from "./zh-CN/tokens.json";
import usage from "./zh-CN/usage.json";
import wall from "./zh-CN/wall.json";

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
