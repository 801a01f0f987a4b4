export function Footer() {
  return (
    <footer class="bottom">
      <p>
        <strong>Dure Shop</strong> is the reference store of Dure. Nothing is sold here, and no card
        is charged.
      </p>
      <p>
        <a href="/docs" target="_self">
          The API of this shop
        </a>
      </p>
    </footer>
  );
}
