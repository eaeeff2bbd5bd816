using Reelseal.Page.Tests;
using Reelseal.Testing;

[assembly: AssemblyFixture(typeof(CephRgw))]
[assembly: AssemblyFixture(typeof(Stage))]
// A playing browser and ffmpeg use every core.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
