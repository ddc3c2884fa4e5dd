import { RequireAuth, useAuth } from "latchkey/react";
import { useEffect, useState } from "react";

/** The orders of the user who is signed in. */
export function Orders() {
  return (
    <RequireAuth>
      <OrderList />
    </RequireAuth>
  );
}

function OrderList() {
  const { auth } = useAuth();
  const [orders, setOrders] = useState<readonly string[]>();
  const [error, setError] = useState(false);
  useEffect(() => {
    const controller = new AbortController();
    auth
      .fetch("/api/orders", { signal: controller.signal })
      .then(async (response) => {
        if (!response.ok) throw new Error(`status ${response.status}`);
        setOrders((await response.json()) as string[]);
      })
      .catch(() => {
        if (!controller.signal.aborted) setError(true);
      });
    return () => controller.abort();
  }, [auth]);
  if (error) return <p role="alert">The orders cannot be shown.</p>;
  return orders ? <p>{orders.join(", ")}</p> : <p>Loading…</p>;
}
