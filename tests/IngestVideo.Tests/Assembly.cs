using Reelseal.Testing;

[assembly: AssemblyFixture(typeof(CephRgw))]
