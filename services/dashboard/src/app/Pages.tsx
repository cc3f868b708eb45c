import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router";
import { Arrival } from "./Arrival";
import { ErrorBoundary } from "./ErrorBoundary";
import { Home } from "./Home";
import { Keyboard } from "./Keyboard";
import { Layout } from "./Layout";
import { NotFound } from "./NotFound";

// Each fetched when it is opened, so that the first page does not wait for them.
const AdminPage = lazy(async () => ({ default: (await import("../features/admin/AdminPage")).AdminPage }));
const ApiDocsPage = lazy(async () => ({ default: (await import("../features/docs/ApiDocsPage")).ApiDocsPage }));
const ContainerPage = lazy(async () => ({
  default: (await import("../features/containers/ContainerPage")).ContainerPage,
}));
const DevicePage = lazy(async () => ({ default: (await import("../features/device/DevicePage")).DevicePage }));
const ImagesPage = lazy(async () => ({ default: (await import("../features/images/ImagesPage")).ImagesPage }));
const TokensPage = lazy(async () => ({ default: (await import("../features/tokens/TokensPage")).TokensPage }));
const UsagePage = lazy(async () => ({ default: (await import("../features/usage/UsagePage")).UsagePage }));
const WallPage = lazy(async () => ({ default: (await import("../features/wall/WallPage")).WallPage }));

/** Which address is which page. */
export function Pages() {
  return (
    <Keyboard>
      <Arrival />
      <Routes>
        <Route element={<Layout />}>
          <Route index element={<Home />} />
          <Route path="containers/:id" element={<ContainerPage />} />
          <Route path="images" element={<ImagesPage />} />
          <Route path="tokens" element={<TokensPage />} />
          <Route path="usage" element={<UsagePage />} />
          <Route path="device" element={<DevicePage />} />
          <Route path="admin/:part?" element={<AdminPage />} />
          <Route path="api-docs" element={<ApiDocsPage />} />
          <Route path="*" element={<NotFound />} />
        </Route>
        <Route
          path="wall"
          element={
            <ErrorBoundary>
              <Suspense>
                <WallPage />
              </Suspense>
            </ErrorBoundary>
          }
        />
      </Routes>
    </Keyboard>
  );
}
