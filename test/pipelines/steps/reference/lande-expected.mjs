// Writes lande-expected.json: what the npm package lande 1.0.10 says of the texts below, as [code, probability] of every
// language from 0.00001 on. The package is no dependency of this project; in an empty folder:
//
//     npm install lande@1.0.10
//     cp …/test/pipelines/steps/reference/lande-expected.mjs . && node lande-expected.mjs > lande-expected.json
import lande from 'lande';

const texts = [
  'Die Bäckerei am Marktplatz öffnet jeden Morgen um sechs Uhr.',
  'The bakery on the market square opens at six every morning.',
  'La boulangerie de la place ouvre tous les matins à six heures.',
  'La panadería de la plaza abre todas las mañanas a las seis.',
  'A padaria da praça abre todas as manhãs às seis horas.',
  'Il panificio della piazza apre ogni mattina alle sei.',
  'De bakkerij op het marktplein gaat elke ochtend om zes uur open.',
  'Bageriet på torvet åbner hver morgen klokken seks.',
  'Bageriet på torget öppnar varje morgon klockan sex.',
  'Bakeriet på torget åpner hver morgen klokka seks.',
  'Bakaríið við torgið opnar á hverjum morgni klukkan sex.',
  'Torin leipomo avataan joka aamu kello kuusi.',
  'Turuplatsi pagariäri avatakse igal hommikul kell kuus.',
  'Kepykla turgaus aikštėje atidaroma kiekvieną rytą šeštą valandą.',
  'Piekarnia na rynku otwiera się codziennie o szóstej rano.',
  'Pekárna na náměstí otevírá každé ráno v šest hodin.',
  'Pekáreň na námestí otvára každé ráno o šiestej hodine.',
  'A piactéri pékség minden reggel hat órakor nyit.',
  'Brutăria din piață se deschide în fiecare dimineață la ora șase.',
  'Fırın her sabah saat altıda açılıyor.',
  'Çörəkçi dükanı hər səhər saat altıda açılır.',
  'Пекарня на площади открывается каждое утро в шесть часов.',
  'Пекарня на площі відчиняється щоранку о шостій годині.',
  'Пякарня на плошчы адчыняецца кожную раніцу а шостай гадзіне.',
  'Пекарната на площада отваря всяка сутрин в шест часа.',
  'Пекарата на плоштадот се отвора секое утро во шест часот.',
  'Пекара на тргу отвара се сваког јутра у шест сати.',
  'Pekara na trgu otvara se svako jutro u šest sati.',
  'Ο φούρνος στην πλατεία ανοίγει κάθε πρωί στις έξι.',
  'המאפייה בכיכר נפתחת כל בוקר בשעה שש.',
  'يفتح المخبز في الساحة كل صباح في الساعة السادسة.',
  'نانوایی میدان هر روز صبح ساعت شش باز می‌شود.',
  'चौक की बेकरी हर सुबह छह बजे खुलती है।',
  'चौकातील बेकरी रोज सकाळी सहा वाजता उघडते.',
  'চত্বরের বেকারি প্রতিদিন সকাল ছয়টায় খোলে।',
  '广场上的面包店每天早上六点开门。',
  '広場のパン屋は毎朝六時に開きます。',
  '광장의 빵집은 매일 아침 여섯 시에 문을 엽니다.',
  'Tiệm bánh ở quảng trường mở cửa lúc sáu giờ mỗi sáng.',
  'Toko roti di alun-alun buka setiap pagi pukul enam.',
  'Bumubukas ang panaderya sa plasa tuwing ika-anim ng umaga.',
  'Die bakkery op die markplein maak elke oggend om sesuur oop.',
  'Plazako okindegia goizero seietan irekitzen da.',
  'El forn de la plaça obre cada matí a les sis.',
  'მოედანზე საცხობი ყოველ დილით ექვს საათზე იხსნება.',
  'Հրապարակի հացի խանութը բացվում է ամեն առավոտ ժամը վեցին։',
  'Алаңдағы наубайхана күн сайын таңғы алтыда ашылады.',
  // What the preparation has to get right.
  'One\ttab, one\nline break and one no-break\u00a0space',
  'Two  spaces,\r\n\r\nan empty line --- and  \t some dashes - more',
  '-leading and trailing-',
  'x',
  '  ü  ',
  'İSTANBUL VE IĞDIR',
  'ΟΔΥΣΣΕΥΣ, ΟΔΥΣΣΕΥΣ. Σ',
  'Cafe\u0301 cre\u0300me, s\u030cest\u030c',
  'Letters beyond the first plane: 𝒜𝓃𝒹 𐐨𐐩 𠮷野家, and signs 😀👩‍👩‍👧 between',
  'Lone \ud83d surrogates \ude00 are no letters',
  "L'apostrophe n’est pas une lettre; 3 chiffres 123 non plus",
  'e'.repeat(500),
  'the quick brown fox jumps over the lazy dog '.repeat(50),
];

const rows = texts.map((text) => {
  const likely = lande(text).filter(([, probability]) => probability >= 0.00001);
  return JSON.stringify({ text, languages: likely.map(([code, probability]) => [code, Number(probability.toFixed(6))]) });
});
console.log(`[\n${rows.join(',\n')}\n]`);
