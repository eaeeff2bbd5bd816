using System.Reflection;

namespace Reelseal.Telemetry;

/// <summary>The version that this program was built from.</summary>
public static class ReleaseVersion
{
    /// <summary>
    /// As MinVer derives it from the last tag: <c>0.2.0</c>, or <c>0.2.0-alpha.0.17</c> seventeen commits before it; without the commit's hash.
    /// </summary>
    public static string Current { get; } =
        typeof(ReleaseVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
