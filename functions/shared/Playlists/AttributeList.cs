using System.Globalization;

namespace Reelseal.Playlists;

/// <summary>The attributes of a tag (RFC 8216, 4.2), without the quotes around quoted strings.</summary>
internal sealed class AttributeList
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly string _tag;

    private AttributeList(string tag) => _tag = tag;

    /// <exception cref="FormatException">An attribute has no value, an open quote, or comes twice.</exception>
    public static AttributeList Read(string tag, string text)
    {
        var list = new AttributeList(tag);
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var equals = rest.IndexOf('=');
            if (equals < 1)
                throw list.Malformed();
            var name = rest[..equals].Trim().ToString();
            rest = rest[(equals + 1)..];
            var isQuoted = rest is ['"', ..];
            var end = isQuoted ? rest[1..].IndexOf('"') + 1 : rest.IndexOf(',');
            if (isQuoted && end == 0)
                throw list.Malformed();
            var value = isQuoted ? rest[1..end] : end < 0 ? rest : rest[..end];
            if (!list._values.TryAdd(name, value.ToString()))
                throw list.Malformed();
            rest = isQuoted ? rest[(end + 1)..] : end < 0 ? [] : rest[end..];
            if (rest is [not ',', ..])
                throw list.Malformed();
            rest = rest.IsEmpty ? rest : rest[1..];
        }
        return list;
    }

    /// <summary>The value, or null where there is no such attribute.</summary>
    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <exception cref="FormatException">There is no such attribute.</exception>
    public string Required(string name) => Text(name) ?? throw new FormatException($"{_tag} has no {name}.");

    /// <summary>Whether the value is <c>YES</c>.</summary>
    public bool Flag(string name) => Text(name) == "YES";

    /// <exception cref="FormatException">The value is not a whole number.</exception>
    public long? Integer(string name) => Text(name) switch
    {
        null => null,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw Malformed(),
    };

    /// <exception cref="FormatException">There is no such attribute, or the value is not a number.</exception>
    public double Decimal(string name) => OptionalDecimal(name) ?? throw new FormatException($"{_tag} has no {name}.");

    /// <exception cref="FormatException">The value is not a number.</exception>
    public double? OptionalDecimal(string name) => Text(name) switch
    {
        null => null,
        var text when double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number) => number,
        _ => throw Malformed(),
    };

    private FormatException Malformed() => new($"The attributes of {_tag} are malformed.");
}
