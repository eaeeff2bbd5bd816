namespace Reelseal.Benchmarks.Servers;

/// <summary>Keeps servers on one core and the load on the other, so that they do not compete.</summary>
internal static class Cores
{
    public const string Server = "0";
    public const string Load = "1";
    public const string All = "0,1";
}
