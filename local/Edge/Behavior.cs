using Reelseal.Local.Edge.Origins;

namespace Reelseal.Local.Edge;

/// <summary>A cache behaviour of the distribution: which paths it is for, whether they need a signature, and where they come from.</summary>
/// <param name="Matches">Whether a normalised path is this behaviour's.</param>
/// <param name="IsSigned">Whether it has a trusted key group.</param>
/// <param name="Origin">Who answers.</param>
/// <param name="IsForAnyPage">Whether pages of other origins may read the answers.</param>
internal sealed record Behavior(Func<string, bool> Matches, bool IsSigned, IOrigin Origin, bool IsForAnyPage = true);
